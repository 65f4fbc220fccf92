/** Turn the plan into the picture: camera below, writing above. */
import { AbsoluteFill } from "remotion";
import { Captions } from "./Captions";
import { ChapterCard } from "./ChapterCard";
import { useFonts } from "./fonts";
import { Overlays } from "./Overlays";
import { Picture } from "./Picture";
import type { RenderProps } from "./props.gen";

export const Programme: React.FC<RenderProps> = (props) => {
  const family = useFonts(props.fonts);
  const { lettering, startFrame } = props;
  return (
    <AbsoluteFill style={{ backgroundColor: "black", fontFamily: family, color: "white" }}>
      <Picture {...props} />
      <Overlays overlays={lettering.overlays} startFrame={startFrame} />
      {lettering.showChapters ? <ChapterCard chapters={lettering.chapters} startFrame={startFrame} /> : null}
      {lettering.burnCaptions ? (
        <Captions captions={lettering.captions} karaoke={lettering.karaoke} startFrame={startFrame} />
      ) : null}
    </AbsoluteFill>
  );
};
