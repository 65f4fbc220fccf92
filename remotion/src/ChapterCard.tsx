/** Turn a chapter's start into a card that stands for four seconds: its number and its title. */
import { useVideoConfig } from "remotion";
import { placeOf, unitOf } from "./layout";
import { presence } from "./motion";
import { ACCENT, PANEL } from "./Overlays";
import type { ChapterProps } from "./props.gen";

const CARD_S = 4;

export const ChapterCard: React.FC<{ chapters: ChapterProps[]; frame: number }> = ({ chapters, frame }) => {
  const { width, height, fps } = useVideoConfig();
  const index = chapters.findLastIndex((each) => each.startFrame <= frame);
  const chapter = chapters[index];
  const next = chapters[index + 1]?.startFrame ?? Infinity;
  if (!chapter) {
    return null;
  }
  const length = Math.min(Math.round(CARD_S * fps), next - chapter.startFrame);
  const at = frame - chapter.startFrame;
  if (at >= length) {
    return null;
  }
  const u = unitOf(width, height);
  const seen = presence(at, length, fps);
  return (
    <div style={{ ...placeOf("chapter", width, height), alignItems: "flex-start" }}>
      <div
        style={{
          display: "flex", alignItems: "center", gap: 22 * u, padding: `${18 * u}px ${30 * u}px ${18 * u}px ${22 * u}px`,
          background: PANEL, borderRadius: 14 * u, opacity: seen, transform: `translateY(${(seen - 1) * 24 * u}px)`,
          maxWidth: "100%", boxSizing: "border-box",
        }}
      >
        <div
          style={{
            flex: "none", minWidth: 58 * u, height: 58 * u, borderRadius: 29 * u, background: ACCENT, color: "#10151c",
            fontSize: 32 * u, fontWeight: 700, display: "flex", alignItems: "center", justifyContent: "center",
          }}
        >
          {chapter.number}
        </div>
        <div dir="auto" style={{ fontSize: 40 * u, fontWeight: 700, lineHeight: 1.2 }}>{chapter.title}</div>
      </div>
    </div>
  );
};
