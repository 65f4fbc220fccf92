/**
 * Turn sizes into places: where a source lies in the picture, and where writing may stand.
 *
 * The places are the ones of every runner (render/lettering_style.py): upright, what TikTok, Reels and Shorts all leave
 * free of their buttons; else 5 % from each edge.
 */
import type { CSSProperties } from "react";
import type { SourceProps } from "./props.gen";

export type Place = "chapter" | "cta" | "middle" | "lowerThird" | "captions";
type Part = readonly [number, number, number, number];

const LANDSCAPE: Record<Place, Part> = {
  chapter: [0, 0, 0.58, 0.2], cta: [0.6, 0, 1, 0.2], middle: [0.1, 0.22, 0.9, 0.66],
  lowerThird: [0, 0.68, 0.7, 0.83], captions: [0, 0.845, 1, 1],
};
const STACKED: Record<Place, Part> = {
  chapter: [0, 0, 1, 0.16], cta: [0, 0.175, 1, 0.27], middle: [0, 0.285, 1, 0.63],
  lowerThird: [0, 0.645, 1, 0.775], captions: [0, 0.79, 1, 1],
};

/** Return the box of one kind of writing, as CSS. */
export const placeOf = (place: Place, width: number, height: number): CSSProperties => {
  const safe: Part = height > width
    ? [width * 60 / 1080, height * 220 / 1920, width * 930 / 1080, height * 1470 / 1920]
    : [width * 0.05, height * 0.05, width * 0.95, height * 0.95];
  const [x0, y0, x1, y1] = (width > height ? LANDSCAPE : STACKED)[place];
  const wide = safe[2] - safe[0], high = safe[3] - safe[1];
  return {
    position: "absolute", left: safe[0] + x0 * wide, top: safe[1] + y0 * high,
    width: (x1 - x0) * wide, height: (y1 - y0) * high, display: "flex",
  };
};

/** Return what one pixel of a 1080 lines picture is in this one: the measure of every size of type. */
export const unitOf = (width: number, height: number): number => Math.min(width, height) / 1080;

/**
 * Return where the whole source picture lies: all of it inside (pad), or covering the picture with the subject in the
 * middle as far as the source reaches (crop).
 */
export const pictureBox = (
  source: SourceProps, width: number, height: number, fit: "pad" | "crop", subjectX: number,
): CSSProperties => {
  const across = width / source.width, down = height / source.height;
  const scale = fit === "pad" ? Math.min(across, down) : Math.max(across, down);
  const w = 2 * Math.round(source.width * scale / 2), h = 2 * Math.round(source.height * scale / 2);
  const wanted = width / 2 - subjectX * w;
  const left = fit === "pad" ? (width - w) / 2 : Math.min(0, Math.max(width - w, wanted));
  return { position: "absolute", left: Math.round(left), top: Math.round((height - h) / 2), width: w, height: h };
};
