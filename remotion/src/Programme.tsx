/** Turn the plan into the picture: camera below, writing above. */
import { AbsoluteFill, useCurrentFrame } from "remotion";
import { Captions } from "./Captions";
import { ChapterCard } from "./ChapterCard";
import { useFonts } from "./fonts";
import { programmeFrame } from "./frames";
import { Overlays } from "./Overlays";
import { Picture } from "./Picture";
import type { RenderProps } from "./props.gen";

export const Programme: React.FC<RenderProps> = (props) => {
  const family = useFonts(props.fonts);
  const { lettering } = props;
  const frame = programmeFrame(useCurrentFrame(), props.startFrame, props.gaps);
  return (
    <AbsoluteFill style={{ backgroundColor: "black", fontFamily: family, color: "white" }}>
      <Picture {...props} frame={frame} />
      <Overlays overlays={lettering.overlays} frame={frame} />
      {lettering.showChapters ? <ChapterCard chapters={lettering.chapters} frame={frame} /> : null}
      {lettering.burnCaptions ? (
        <Captions captions={lettering.captions} karaoke={lettering.karaoke} frame={frame} />
      ) : null}
    </AbsoluteFill>
  );
};
