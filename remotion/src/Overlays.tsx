/** Turn the EDL's overlays into what is seen: lower third, title, scripture, call to action. */
import { useVideoConfig } from "remotion";
import { placeOf, unitOf, type Place } from "./layout";
import { presence } from "./motion";
import type { OverlayProps } from "./props.gen";

export const ACCENT = "#ffd54a";
export const PANEL = "linear-gradient(90deg, rgba(13, 18, 26, 0.88), rgba(13, 18, 26, 0.72))";

type Drawn = { payload: Record<string, string>; u: number; seen: number };

export const Overlays: React.FC<{ overlays: OverlayProps[]; frame: number }> = ({ overlays, frame }) => {
  const { width, height, fps } = useVideoConfig();
  const shown = overlays.filter((each) => each.startFrame <= frame && frame < each.endFrameExclusive);
  return shown.map((each, i) => {
    const { place, across, Kind } = KINDS[each.kind];
    const seen = presence(frame - each.startFrame, each.endFrameExclusive - each.startFrame, fps);
    const box = { ...placeOf(place, width, height), alignItems: "center", justifyContent: across };
    return (
      <div key={i} style={{ ...box, opacity: seen }}>
        <Kind payload={each.payload} u={unitOf(width, height)} seen={seen} />
      </div>
    );
  });
};

const LowerThird: React.FC<Drawn> = ({ payload, u, seen }) => (
  <div style={{ display: "flex", transform: `translateX(${(seen - 1) * 60 * u}px)`, maxWidth: "100%" }}>
    <div style={{ width: 10 * u, background: ACCENT, borderRadius: `${6 * u}px 0 0 ${6 * u}px`, flex: "none" }} />
    <div style={{ padding: `${16 * u}px ${34 * u}px`, background: PANEL, borderRadius: `0 ${12 * u}px ${12 * u}px 0` }}>
      <div dir="auto" style={{ fontSize: 46 * u, fontWeight: 700, lineHeight: 1.15 }}>{payload.name}</div>
      {payload.role ? (
        <div dir="auto" style={{ fontSize: 30 * u, fontWeight: 500, lineHeight: 1.25, color: "#dfe6ee" }}>{payload.role}</div>
      ) : null}
    </div>
  </div>
);

const Title: React.FC<Drawn> = ({ payload, u, seen }) => (
  <div style={{ textAlign: "center", textShadow: `0 ${4 * u}px ${26 * u}px rgba(0, 0, 0, 0.85)` }}>
    <div dir="auto" style={{ fontSize: 96 * u, fontWeight: 700, lineHeight: 1.1, textWrap: "balance" }}>{payload.title}</div>
    <div style={{ width: 220 * u * seen, height: 6 * u, background: ACCENT, margin: `${26 * u}px auto`, borderRadius: 3 * u }} />
    {payload.subtitle ? (
      <div dir="auto" style={{ fontSize: 44 * u, fontWeight: 500, lineHeight: 1.25 }}>{payload.subtitle}</div>
    ) : null}
  </div>
);

const Scripture: React.FC<Drawn> = ({ payload, u }) => {
  const text = payload.text ?? "";
  const size = (text.length > 320 ? 32 : text.length > 160 ? 40 : 52) * u; // a long passage still fits its place
  const source = [payload.reference, payload.translation].filter(Boolean).join(" · ");
  return (
    <div
      style={{
        background: PANEL, borderRadius: 20 * u, padding: `${40 * u}px ${56 * u}px`, borderTop: `${6 * u}px solid ${ACCENT}`,
        maxHeight: "100%", boxSizing: "border-box", overflow: "hidden",
      }}
    >
      <div dir="auto" style={{ fontSize: size, fontWeight: 500, lineHeight: 1.32, textWrap: "pretty" }}>{text}</div>
      {source ? (
        <div dir="auto" style={{ fontSize: 32 * u, fontWeight: 700, color: ACCENT, marginTop: 20 * u }}>{source}</div>
      ) : null}
    </div>
  );
};

const CallToAction: React.FC<Drawn> = ({ payload, u, seen }) => (
  <div
    style={{
      background: ACCENT, color: "#10151c", borderRadius: 16 * u, padding: `${18 * u}px ${34 * u}px`, textAlign: "center",
      transform: `scale(${0.9 + 0.1 * seen})`, boxShadow: `0 ${8 * u}px ${28 * u}px rgba(0, 0, 0, 0.45)`,
    }}
  >
    <div dir="auto" style={{ fontSize: 40 * u, fontWeight: 700, lineHeight: 1.2 }}>{payload.text}</div>
    {payload.detail ? (
      <div dir="auto" style={{ fontSize: 28 * u, fontWeight: 500, lineHeight: 1.3 }}>{payload.detail}</div>
    ) : null}
  </div>
);

type Kind = { place: Place; across: "flex-start" | "center" | "flex-end"; Kind: React.FC<Drawn> };

const KINDS: Record<OverlayProps["kind"], Kind> = {
  lowerThird: { place: "lowerThird", across: "flex-start", Kind: LowerThird },
  title: { place: "middle", across: "center", Kind: Title },
  scripture: { place: "middle", across: "center", Kind: Scripture },
  cta: { place: "cta", across: "flex-end", Kind: CallToAction },
};
