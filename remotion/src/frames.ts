/**
 * Turn a programme frame into the segment and the exact source frame on screen.
 *
 * A segment's line is ceil((a * frame + b) / d) - 1 in whole numbers of any size, as the plan has it (render/plan/mapping.py):
 * rate conversion and drift are exact, an hour in as at the start.
 */
import type { GapProps, SegmentProps } from "./props.gen";

/** Return the programme frame at frame `at` of the composition. */
export const programmeFrame = (at: number, startFrame: number, gaps: GapProps[]): number =>
  gaps.reduce((frame, gap) => (gap.at <= at ? frame + gap.leftOut : frame), startFrame + at);

/** Return the segment that holds programme frame `frame`. */
export const segmentAt = (segments: SegmentProps[], frame: number): SegmentProps => {
  const found = segments.find((each) => each.startFrame <= frame && frame < each.endFrameExclusive);
  if (!found) {
    throw new Error(`no segment holds programme frame ${frame}`);
  }
  return found;
};

/** Return the source frame shown at programme frame `frame`, held at the ends of what may be shown of it. */
export const sourceFrame = (segment: SegmentProps, frame: number): number => {
  const a = BigInt(segment.line.a), b = BigInt(segment.line.b), d = BigInt(segment.line.d);
  const exact = -floorDivided(-(a * BigInt(frame) + b), d) - 1n;
  return Math.min(Math.max(Number(exact), segment.firstSourceFrame), segment.lastSourceFrame);
};

const floorDivided = (n: bigint, d: bigint): bigint => {
  const quotient = n / d; // BigInt divides towards zero
  return n % d !== 0n && n < 0n ? quotient - 1n : quotient;
};
