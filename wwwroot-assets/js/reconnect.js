// Drives the reconnect dialog. A circuit that is gone for good means a reload: every page is restorable from its address.
const dialog = document.getElementById("components-reconnect-modal");

dialog.addEventListener("components-reconnect-state-changed", event => {
  const state = event.detail.state;
  if (state === "show") {
    if (!dialog.open) { dialog.showModal(); }
  } else if (state === "hide") {
    dialog.close();
  } else if (state === "failed") {
    document.addEventListener("visibilitychange", retryWhenVisible);
  } else if (state === "rejected") {
    location.reload();
  }
});

document.getElementById("reconnect-retry").addEventListener("click", retry);
document.getElementById("reconnect-reload").addEventListener("click", () => location.reload());

async function retry() {
  document.removeEventListener("visibilitychange", retryWhenVisible);
  try {
    const ok = await Blazor.reconnect();
    if (!ok) {
      const resumed = Blazor.resumeCircuit ? await Blazor.resumeCircuit() : false;
      if (!resumed) { location.reload(); } else { dialog.close(); }
    }
  } catch {
    document.addEventListener("visibilitychange", retryWhenVisible);
  }
}

function retryWhenVisible() {
  if (document.visibilityState === "visible") { retry(); }
}
