/** Turn the props' font files into a CSS font family that is loaded before the first frame is taken. */
import { useEffect, useState } from "react";
import { cancelRender, continueRender, delayRender, staticFile } from "remotion";
import type { FontProps } from "./props.gen";

const SYSTEM = "'Noto Sans', 'DejaVu Sans', 'Liberation Sans', sans-serif";

export const useFonts = (fonts: FontProps[]): string => {
  const [handle] = useState(() => delayRender("loading the fonts"));
  useEffect(() => {
    const faces = fonts.map((font) =>
      new FontFace(font.family, `url(${staticFile(font.file)})`, { weight: String(font.weight) }).load(),
    );
    Promise.all(faces)
      .then((loaded) => {
        loaded.forEach((face) => (document.fonts as unknown as Set<FontFace>).add(face)); // TypeScript forgot `add`
        continueRender(handle);
      })
      .catch((error) => cancelRender(error));
  }, [fonts, handle]);
  const own = [...new Set(fonts.map((font) => `'${font.family}'`))];
  return [...own, SYSTEM].join(", ");
};
