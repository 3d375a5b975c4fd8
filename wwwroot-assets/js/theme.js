// Loaded as a blocking script in <head>: the colour scheme is set before the first paint.
(function () {
  const key = "backdoorlab.theme";
  const media = window.matchMedia("(prefers-color-scheme: dark)");
  const stored = () => {
    try { return localStorage.getItem(key) || "system"; } catch { return "system"; }
  };
  const resolve = choice => choice === "dark" || (choice === "system" && media.matches);
  let listener = null;
  const apply = () => {
    const dark = resolve(stored());
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    return dark;
  };
  apply();
  media.addEventListener("change", () => {
    const dark = apply();
    if (listener) { listener.invokeMethodAsync("OnAppearanceChanged", dark); }
  });
  const wide = window.matchMedia("(min-width: 960px)");
  wide.addEventListener("change", () => {
    if (listener) { listener.invokeMethodAsync("OnWidthChanged", wide.matches); }
  });
  window.labTheme = {
    choice: stored,
    isDark: () => resolve(stored()),
    set: choice => {
      try { localStorage.setItem(key, choice); } catch { /* private mode: the choice lasts for this page */ }
      return apply();
    },
    // From the width at which the navigation stands beside the page instead of over it.
    isWide: () => wide.matches,
    // Tells of changes from now on, and of those since the page asked: it says what it knows.
    listen: (reference, dark, isWide) => {
      listener = reference;
      if (resolve(stored()) !== dark) { reference.invokeMethodAsync("OnAppearanceChanged", !dark); }
      if (wide.matches !== isWide) { reference.invokeMethodAsync("OnWidthChanged", wide.matches); }
    }
  };
})();
