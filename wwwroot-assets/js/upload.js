// Sends a model file over HTTP, with progress, from a field and from what is dropped on the zone around it.
export function attach(zone, field, page, address, tokenAddress, mostBytes) {
  let request = null;

  async function send(file) {
    if (!file || request) { return; }
    if (file.size > mostBytes) {
      await page.invokeMethodAsync("TooLarge", file.name, file.size);
      return;
    }
    request = new XMLHttpRequest();
    await page.invokeMethodAsync("Sending", file.name, 0, file.size);
    const answer = await fetch(tokenAddress, { credentials: "same-origin", cache: "no-store" }).catch(() => null);
    if (!answer || !answer.ok) {
      request = null;
      await page.invokeMethodAsync("Refused", answer && answer.status === 403 ? "Your account may look and not send files." : "The lab does not answer. Reload the page and try again.");
      return;
    }
    let told = 0;
    request.upload.onprogress = event => {
      if (event.timeStamp - told > 200) {
        told = event.timeStamp;
        page.invokeMethodAsync("Sending", file.name, event.loaded, event.total);
      }
    };
    request.onload = () => {
      const { status, responseText } = request;
      request = null;
      if (status === 200) {
        page.invokeMethodAsync("Arrived", responseText);
      } else {
        let detail = "";
        try { detail = JSON.parse(responseText).detail; } catch { /* an answer of a proxy */ }
        page.invokeMethodAsync("Refused", detail || `The lab answered with status ${status}.`);
      }
    };
    request.onerror = () => { request = null; page.invokeMethodAsync("Refused", "The connection broke while the file was sent. Choose it again."); };
    request.onabort = () => { request = null; page.invokeMethodAsync("Refused", ""); };
    request.open("POST", `${address}?name=${encodeURIComponent(file.name)}`);
    request.setRequestHeader("RequestVerificationToken", await answer.text());
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.send(file);
  }

  field.addEventListener("change", () => {
    send(field.files[0]);
    field.value = "";
  });
  zone.addEventListener("dragover", event => {
    event.preventDefault();
    zone.classList.add("over");
  });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", event => {
    event.preventDefault();
    zone.classList.remove("over");
    send(event.dataTransfer.files[0]);
  });
  return { stop: () => request?.abort() };
}
