/**
 * Turn a programme frame into the camera picture that the plan names: one source frame, asked for by its middle.
 *
 * The clock stands still at 0 and the beginning is trimmed to the middle of the wanted frame, so that neither a rounded time
 * stamp nor a rate that the browser only knows as a decimal can show a neighbour. (A clock frozen at that time would not
 * do: Remotion holds it inside the composition's length.) Sound is not ours: the render's use cases lay it.
 */
import { Video } from "@remotion/media";
import { AbsoluteFill, Freeze, useVideoConfig } from "remotion";
import { segmentAt, sourceFrame } from "./frames";
import { pictureBox } from "./layout";
import type { RenderProps } from "./props.gen";

export const Picture: React.FC<RenderProps & { frame: number }> = ({ segments, sources, fit, frame }) => {
  const { width, height, fps } = useVideoConfig();
  const segment = segmentAt(segments, frame);
  const source = segment.source === null ? undefined : sources[segment.source];
  if (!source) {
    return <AbsoluteFill style={{ backgroundColor: "black" }} />;
  }
  const seconds = source.firstPictureS + (sourceFrame(segment, frame) + 0.5) / source.fps;
  const box = pictureBox(source, width, height, fit, segment.subjectX);
  return (
    <AbsoluteFill style={{ backgroundColor: "black", overflow: "hidden" }}>
      <Freeze frame={0}>
        <Video
          key={segment.source}
          src={source.src}
          trimBefore={seconds * fps}
          style={box}
          objectFit="fill"
          disallowFallbackToOffthreadVideo // a file that cannot be decoded fails; it is not shown by guess
          muted
        />
      </Freeze>
    </AbsoluteFill>
  );
};
