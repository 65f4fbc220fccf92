/** Turn a name of the wire into words: `renderJobId` → `Render job id`, `full_16_9` stays. */
export function words(name: string): string {
  if (!/^[a-z]+([A-Z][a-z0-9]*)*$/.test(name)) return name;
  const spaced = name.replace(/([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`);
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

/** `1 job`, `2 jobs`. */
export function counted(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? '' : 's'}`;
}
