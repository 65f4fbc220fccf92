/** Turn props into one composition: the programme. Its size, rate and length are the props' own. */
import { Composition } from "remotion";
import { Programme } from "./Programme";
import type { RenderProps } from "./props.gen";

/** The version of the props that this composition reads; the runner's is in remotion_props.py. */
const SCHEMA = 1;

const EMPTY: RenderProps = {
  schemaVersion: SCHEMA, width: 1920, height: 1080, fps: 30, frames: 1, startFrame: 0, gaps: [], fit: "pad", sources: [], segments: [],
  lettering: { captions: [], overlays: [], chapters: [], burnCaptions: false, karaoke: false, showChapters: false },
  fonts: [],
};

export const Root: React.FC = () => (
  <Composition
    id="programme"
    component={Programme}
    width={1920}
    height={1080}
    fps={30}
    durationInFrames={1}
    defaultProps={EMPTY}
    calculateMetadata={({ props }) => {
      if (props.schemaVersion !== SCHEMA) {
        throw new Error(`these props are of schema ${props.schemaVersion}, the composition reads ${SCHEMA}: deploy it again`);
      }
      return { width: props.width, height: props.height, fps: props.fps, durationInFrames: props.frames };
    }}
  />
);
