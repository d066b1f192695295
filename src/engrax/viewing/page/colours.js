// Themes and colour maps: cividis for shares, blue to orange for signed effects.
engrax.colours = (() => {
  const CIVIDIS = [
    "00224e",
    "123570",
    "3b496c",
    "575d6d",
    "707173",
    "8a8678",
    "a59c74",
    "c3b369",
    "e1cc55",
    "fee838",
  ];
  const DIVERGING = {
    dark: ["8cc4ff", "3987d8", "1d4a80", "1c2027", "85470f", "d9781c", "ffbd73"],
    light: ["123e70", "2b72b8", "8fbde6", "f6f6f4", "f2b981", "cf6a10", "7a3a00"],
  };
  // Kinds of steps (by Okabe and Ito): told apart by the colour-blind, too.
  const KINDS = [
    "#e69f00",
    "#56b4e9",
    "#009e73",
    "#cc79a7",
    "#0072b2",
    "#d55e00",
    "#f0e442",
    "#8c8c8c",
  ];
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  let theme = system.matches ? "dark" : "light";
  let variables = {};
  const listeners = [];

  const channels = (hex) => [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16));

  // 256 colours between the anchors, each an array of red, green and blue.
  function ramp(anchors) {
    const stops = anchors.map(channels);
    return Array.from({ length: 256 }, (_, index) => {
      const place = (index / 255) * (stops.length - 1);
      const low = Math.min(Math.floor(place), stops.length - 2);
      return stops[low].map((value, channel) =>
        Math.round(value + (place - low) * (stops[low + 1][channel] - value)),
      );
    });
  }

  const packed = (colours) =>
    Uint32Array.from(colours, ([r, g, b]) => ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0);

  const maps = {
    sequential: packed(ramp(CIVIDIS)),
    dark: packed(ramp(DIVERGING.dark)),
    light: packed(ramp(DIVERGING.light)),
  };

  function apply(name) {
    theme = name;
    variables = {};
    document.documentElement.dataset.theme = name;
    listeners.forEach((listener) => listener());
  }

  // A colour of the style sheet, for canvases.
  function css(name) {
    variables[name] ??= getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    return variables[name];
  }

  system.addEventListener("change", () => apply(system.matches ? "dark" : "light"));
  document.documentElement.dataset.theme = theme;

  return {
    css,
    kind: (index) => KINDS[index % KINDS.length],
    toggle: () => apply(theme === "dark" ? "light" : "dark"),
    onchange: (listener) => listeners.push(listener),
    isDark: () => theme === "dark",
    map: (signed) => (signed ? maps[theme] : maps.sequential),
    gradient: (signed) => (signed ? DIVERGING[theme] : CIVIDIS).map((hex) => `#${hex}`).join(", "),
  };
})();
