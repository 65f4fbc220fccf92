/** Turn captions into lines at their place; with karaoke the word that is being said stands out from the rest. */
import { useVideoConfig } from "remotion";
import { placeOf, unitOf } from "./layout";
import type { CaptionProps, CaptionWordProps } from "./props.gen";

const LIT = "#ffd54a";
const INK = "rgba(0, 0, 0, 0.92)";

type Props = { captions: CaptionProps[]; karaoke: boolean; frame: number };

export const Captions: React.FC<Props> = ({ captions, karaoke, frame }) => {
  const { width, height } = useVideoConfig();
  const caption = captions.find((each) => each.startFrame <= frame && frame < each.endFrameExclusive);
  if (!caption) {
    return null;
  }
  const upright = height > width;
  const u = unitOf(width, height);
  const size = (upright ? 76 : width === height ? 52 : 46) * u;
  return (
    <div style={{ ...placeOf("captions", width, height), alignItems: "center", justifyContent: "center" }}>
      <div
        style={{
          fontSize: size, lineHeight: 1.22, fontWeight: upright ? 700 : 500, textAlign: "center", whiteSpace: "nowrap",
          WebkitTextStroke: `${size * 0.11}px ${INK}`, paintOrder: "stroke fill",
          textShadow: `0 ${size * 0.04}px ${size * 0.14}px rgba(0, 0, 0, 0.6)`,
        }}
      >
        {caption.lines.map((line, i) => (
          <div key={i} dir="auto">
            {line.map((word, j) => (
              <span key={j} style={{ color: karaoke && said(word, frame) ? LIT : "white" }}>
                {word.text}
                {j + 1 < line.length ? " " : ""}
              </span>
            ))}
          </div>
        ))}
      </div>
    </div>
  );
};

const said = (word: CaptionWordProps, frame: number): boolean =>
  word.startFrame <= frame && frame < word.endFrameExclusive;
