/** Turn a time on screen into how visible something is: in and out within a quarter of a second, never longer than a third. */
import { Easing, interpolate } from "remotion";

const FADE_S = 0.25;

/** Return 0..1 for frame `at` of `length`, eased; 1 in the middle. */
export const presence = (at: number, length: number, fps: number): number => {
  const fade = Math.max(1, Math.min(Math.round(FADE_S * fps), Math.floor(length / 3)));
  const rising = interpolate(at, [-1, fade], [0, 1], { extrapolateLeft: "clamp", extrapolateRight: "clamp" });
  const falling = interpolate(at, [length - fade - 1, length], [1, 0], { extrapolateLeft: "clamp", extrapolateRight: "clamp" });
  return Easing.out(Easing.cubic)(Math.min(rising, falling));
};
