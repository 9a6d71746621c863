/**
 * Puts drawn figures in the place of all pictures of people, for screenshots that anybody may have.
 *
 * A person has the same colours everywhere, by their name.
 */
(async () => {
  const hueOf = (name) => [...name].reduce((sum, letter) => (31 * sum + letter.codePointAt(0)) % 360, 7);

  function figure(context, { left, top, width, height }, name) {
    const hue = hueOf(name);
    const middle = left + width / 2;
    context.fillStyle = `hsl(${hue} 30% 42%)`;
    context.beginPath();
    context.roundRect(middle - 1.15 * width, top + 1.12 * height, 2.3 * width, 9 * height, width);
    context.fill();
    context.fillStyle = `hsl(${(hue + 40) % 360} 35% 25%)`;
    context.beginPath();
    context.ellipse(middle, top + 0.4 * height, 0.62 * width, 0.6 * height, 0, 0, 2 * Math.PI);
    context.fill();
    context.fillStyle = `hsl(28 ${30 + (hue % 20)}% ${45 + (hue % 30)}%)`;
    context.beginPath();
    context.ellipse(middle, top + 0.52 * height, 0.47 * width, 0.52 * height, 0, 0, 2 * Math.PI);
    context.fill();
    context.fillRect(middle - 0.2 * width, top + 0.9 * height, 0.4 * width, 0.3 * height);
    context.fillStyle = "rgb(20 20 20 / 75%)";
    for (const side of [-1, 1]) {
      context.beginPath();
      context.arc(middle + side * 0.18 * width, top + 0.45 * height, 0.045 * width, 0, 2 * Math.PI);
      context.fill();
    }
    context.strokeStyle = context.fillStyle;
    context.lineWidth = 0.035 * width;
    context.lineCap = "round";
    context.beginPath();
    context.arc(middle, top + 0.66 * height, 0.16 * width, 0.2 * Math.PI, 0.8 * Math.PI);
    context.stroke();
  }

  async function drawn(width, height, faces) {
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext("2d");
    const ground = context.createLinearGradient(0, 0, 0, height);
    ground.addColorStop(0, "#b9c9cf");
    ground.addColorStop(1, "#8fa3a6");
    context.fillStyle = ground;
    context.fillRect(0, 0, width, height);
    for (const face of faces) figure(context, face, face.name);
    return URL.createObjectURL(await canvas.convertToBlob({ type: "image/png" }));
  }

  function facesIn(frame) {
    const whole = frame.getBoundingClientRect();
    return [...frame.querySelectorAll(".box")].map((box) => {
      const { left, top, width, height } = box.getBoundingClientRect();
      const name = box.querySelector("bdi")?.textContent ?? "";
      return { left: left - whole.left, top: top - whole.top, width, height, name };
    });
  }

  for (const frame of document.querySelectorAll(".frame, .stage")) {
    const { width, height } = frame.getBoundingClientRect();
    const picture = await drawn(Math.round(width), Math.round(height), facesIn(frame));
    const video = frame.querySelector("video");
    if (video) {
      video.style.visibility = "hidden";
      frame.style.background = `url("${picture}") 0 0 / 100% 100%`;
    }
    const image = frame.querySelector("img");
    if (image) {
      image.src = picture;
      await image.decode();
    }
  }
  const groups = [...document.querySelectorAll(".group")];
  for (const image of document.querySelectorAll(".portrait img")) {
    const person = image.closest("a.person, .group, .head")?.querySelector("bdi")?.textContent;
    const group = groups.indexOf(image.closest(".group"));
    const name = person ?? document.querySelector(".head h1")?.textContent ?? `stranger ${group}`;
    image.src = await drawn(160, 160, [{ left: 46, top: 34, width: 68, height: 80, name }]);
    await image.decode();
  }
})()
