"""The 19 CIFAR corruptions with NumPy, scipy, scikit-image, OpenCV, Pillow and ImageMagick: what the tests of this folder compare with.

Made golden.npz with `python reference.py golden.npz` and, with `python reference.py --time`, the NumPy column of
docs/benchmarks/corruptions-cpu.md. Needs numpy 2.4, scipy 1.17, scikit-image 0.26, opencv-python-headless 5.0, pillow 13, Wand 0.7 with
ImageMagick 6.9 (libmagickwand). Operations and constants: `make_cifar_c.py` of Hendrycks & Dietterich (2019), written anew. Random draws
are parameters here, so that Flatland's deterministic cores can be given the same ones. Frost, whose photographs are not ours, is absent.
"""
import io
import sys
import time
import zipfile

import cv2
import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.color import hsv2rgb, rgb2hsv
from skimage.filters import gaussian
from wand.image import Image as Magick

cv2.setNumThreads(1)


def unit(image):
    return image / 255.0


def to_u8(x):
    return (np.clip(x, 0, 1) * 255).astype(np.uint8)


def blur(x, sigma):
    return gaussian(x, sigma=sigma, channel_axis=-1 if x.ndim == 3 else None)


def clipped_zoom(x, factor):
    side = x.shape[0]
    kept = int(np.ceil(side / factor))
    start = (side - kept) // 2
    out = ndimage.zoom(x[start : start + kept, start : start + kept], (factor, factor) + (1,) * (x.ndim - 2), order=1)
    trim = (out.shape[0] - side) // 2
    return out[trim : trim + side, trim : trim + side]


def magick_motion(image, radius, sigma, angle):
    """ImageMagick's own motion blur of a u8 image, grey or RGB."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format="PNG")
    with Magick(blob=buffer.getvalue()) as magick:
        magick.motion_blur(radius=radius, sigma=sigma, angle=angle)
        out = cv2.imdecode(np.frombuffer(magick.make_blob(), np.uint8), cv2.IMREAD_UNCHANGED)
    if image.ndim == 2:
        return out if out.ndim == 2 else out[..., 0]
    return out[..., ::-1] if out.ndim == 3 else np.repeat(out[..., None], 3, axis=2)


def gaussian_noise(image, s, rng):
    x = unit(image)
    return to_u8(x + rng.normal(scale=[0.04, 0.06, 0.08, 0.09, 0.10][s], size=x.shape))


def shot_noise(image, s, rng):
    c = [500, 250, 100, 75, 50][s]
    return to_u8(rng.poisson(unit(image) * c) / c)


def impulse_noise(image, s, rng):
    x = unit(image)
    hit = rng.random(x.shape) < [0.01, 0.02, 0.03, 0.05, 0.07][s]
    return to_u8(np.where(hit, rng.random(x.shape) < 0.5, x))


def speckle_noise(image, s, rng):
    x = unit(image)
    return to_u8(x + x * rng.normal(scale=[0.06, 0.1, 0.12, 0.16, 0.2][s], size=x.shape))


def defocus_blur(image, s):
    radius, alias = [(0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1)][s]
    across, down = np.meshgrid(np.arange(-8, 9), np.arange(-8, 9))
    disk = (across**2 + down**2 <= radius**2).astype(np.float32)
    kernel = cv2.GaussianBlur(disk / disk.sum(), (3, 3), alias)
    return to_u8(np.dstack([cv2.filter2D(np.ascontiguousarray(channel), -1, kernel) for channel in np.moveaxis(unit(image), 2, 0)]))


def glass_blur(image, s, draws):
    """`draws`: offsets in the order of use, each pixel's column offset, then its row offset."""
    sigma, reach, passes = [(0.05, 1, 1), (0.25, 1, 1), (0.4, 1, 1), (0.25, 1, 2), (0.4, 1, 2)][s]
    x = (blur(unit(image), sigma) * 255).astype(np.uint8)
    draws = iter(draws)
    for _ in range(passes):
        for row in range(32 - reach, reach, -1):
            for column in range(32 - reach, reach, -1):
                right, down = next(draws), next(draws)
                x[row, column], x[row + down, column + right] = x[row + down, column + right], x[row, column]
    return to_u8(blur(unit(x), sigma))


def motion_blur(image, s, angle):
    return magick_motion(image, *[(6, 1), (6, 1.5), (6, 2), (8, 2), (9, 2.5)][s], angle)


def zoom_blur(image, s):
    factors = np.arange(1, [1.06, 1.11, 1.16, 1.21, 1.26][s], 0.01)
    x = unit(image).astype(np.float32)
    return to_u8((x + sum(clipped_zoom(x, factor) for factor in factors)) / (len(factors) + 1))


def snow(image, s, normal, angle):
    mean, deviation, factor, threshold, radius, sigma, keep = [
        (0.1, 0.2, 1, 0.6, 8, 3, 0.95),
        (0.1, 0.2, 1, 0.5, 10, 4, 0.9),
        (0.15, 0.3, 1.75, 0.55, 10, 4, 0.9),
        (0.25, 0.3, 2.25, 0.6, 12, 6, 0.85),
        (0.3, 0.3, 1.25, 0.65, 14, 12, 0.8),
    ][s]
    layer = clipped_zoom(mean + deviation * normal, factor)
    layer = to_u8(np.where(layer < threshold, 0, layer))
    layer = (magick_motion(layer, radius, sigma, angle) / 255.0)[..., None]
    x = unit(image).astype(np.float32)
    white = cv2.cvtColor(x, cv2.COLOR_RGB2GRAY)[..., None] * 1.5 + 0.5
    return to_u8(keep * x + (1 - keep) * np.maximum(x, white) + layer + np.rot90(layer, 2))


def plasma(decay, draws):
    """Diamond-square on a torus of 32x32; `draws` from [0, 1) in the order of use."""
    size, step, wibble = 32, 32, 100.0
    height = np.zeros((size, size))
    draws = iter(draws)

    def put(top, left, neighbours):
        total = sum(np.roll(height, shift, (0, 1)) for shift in neighbours)[top::step, left::step]
        noise = np.array([next(draws) for _ in range(total.size)]).reshape(total.shape)
        height[top::step, left::step] = total / 4 + wibble * (-wibble + 2 * wibble * noise)

    while step >= 2:
        h = step // 2
        put(h, h, [(h, h), (h, -h), (-h, h), (-h, -h)])
        cross = [(h, 0), (-h, 0), (0, h), (0, -h)]
        before = height.copy()
        put(0, h, cross)
        # Both kinds of points between use the values from before.
        after = height.copy()
        height[:] = before
        put(h, 0, cross)
        height[0::step, h::step] = after[0::step, h::step]
        step, wibble = h, wibble / decay
    height -= height.min()
    return height / height.max()


def fog(image, s, draws):
    density, decay = [(0.2, 3), (0.5, 3), (0.75, 2.5), (1, 2), (1.5, 1.75)][s]
    x = unit(image)
    highest = x.max()
    return to_u8((x + density * plasma(decay, draws)[..., None]) * highest / (highest + density))


def brightness(image, s):
    hsv = rgb2hsv(unit(image))
    hsv[..., 2] = np.clip(hsv[..., 2] + [0.05, 0.1, 0.15, 0.2, 0.3][s], 0, 1)
    return to_u8(hsv2rgb(hsv))


def contrast(image, s):
    x = unit(image)
    mean = x.mean((0, 1))
    return to_u8((x - mean) * [0.75, 0.5, 0.4, 0.3, 0.15][s] + mean)


def elastic_transform(image, s, moves, right, down):
    amplitude, sigma, reach = np.array([(0, 0, 0.08), (0.05, 0.2, 0.07), (0.08, 0.06, 0.06), (0.1, 0.04, 0.05), (0.1, 0.03, 0.03)][s]) * 32
    x = unit(image).astype(np.float32)
    points = np.float32([[26, 26], [26, 6], [6, 6]])
    matrix = cv2.getAffineTransform(points, points + (reach * moves).astype(np.float32).reshape(3, 2))
    x = cv2.warpAffine(x, matrix, (32, 32), borderMode=cv2.BORDER_REFLECT_101)
    smooth = lambda field: (gaussian(field, sigma, mode="reflect", truncate=3) * amplitude).astype(np.float32)  # noqa: E731
    rows, columns = np.meshgrid(np.arange(32), np.arange(32), indexing="ij")
    places = [rows + smooth(down), columns + smooth(right)]
    return to_u8(np.dstack([ndimage.map_coordinates(channel, places, order=1, mode="reflect") for channel in np.moveaxis(x, 2, 0)]))


def pixelate(image, s):
    side = int(32 * [0.95, 0.9, 0.85, 0.75, 0.65][s])
    return np.array(Image.fromarray(image).resize((side, side), Image.BOX).resize((32, 32), Image.BOX))


def jpeg_compression(image, s):
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=[80, 65, 58, 50, 40][s])
    return np.array(Image.open(buffer))


def gaussian_blur(image, s):
    return to_u8(blur(unit(image), [0.4, 0.6, 0.7, 0.8, 1][s]))


def spatter(image, s, normal):
    mean, deviation, sigma, threshold, intensity, mud = [
        (0.62, 0.1, 0.7, 0.7, 0.5, 0),
        (0.65, 0.1, 0.8, 0.7, 0.5, 0),
        (0.65, 0.3, 1, 0.69, 0.5, 0),
        (0.65, 0.1, 0.7, 0.69, 0.6, 1),
        (0.65, 0.1, 0.5, 0.68, 0.6, 1),
    ][s]
    x = unit(image).astype(np.float32)
    layer = blur(mean + deviation * normal, sigma)
    layer[layer < threshold] = 0
    if mud:
        cover = blur((layer > threshold).astype(np.float32), intensity)[..., None]
        cover[cover < 0.8] = 0
        return to_u8(x * (1 - cover) + np.array([63, 42, 20]) / 255 * cover)
    layer = (layer * 255).astype(np.int32).astype(np.uint8)
    relief = cv2.distanceTransform(255 - cv2.Canny(layer, 50, 150), cv2.DIST_L2, 5)
    relief = cv2.equalizeHist(cv2.blur(np.minimum(relief, 20), (3, 3)).astype(np.uint8))
    relief = cv2.filter2D(relief, cv2.CV_8U, np.array([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]]))
    light = layer * cv2.blur(relief, (3, 3)).astype(np.float32)
    if light.max() == 0:
        return image
    return to_u8(x + (light / light.max() * intensity)[..., None] * np.float32([175, 238, 238]) / 255)


def saturate(image, s):
    factor, offset = [(0.3, 0), (0.1, 0), (1.5, 0), (2, 0.1), (2.5, 0.2)][s]
    hsv = rgb2hsv(unit(image))
    hsv[..., 1] = np.clip(hsv[..., 1] * factor + offset, 0, 1)
    return to_u8(hsv2rgb(hsv))


FIXED = [defocus_blur, zoom_blur, brightness, contrast, pixelate, jpeg_compression, gaussian_blur, saturate]
# How the random ones draw; the first four draw inside.
RANDOM = {
    gaussian_noise: lambda rng: (rng,),
    shot_noise: lambda rng: (rng,),
    impulse_noise: lambda rng: (rng,),
    speckle_noise: lambda rng: (rng,),
    glass_blur: lambda rng: (rng.integers(-1, 1, 2 * 2 * 30 * 30),),
    motion_blur: lambda rng: (rng.uniform(-45, 45),),
    snow: lambda rng: (rng.normal(size=(32, 32)), rng.uniform(-135, -45)),
    fog: lambda rng: (rng.random(1023),),
    elastic_transform: lambda rng: (rng.uniform(-1, 1, 6), rng.uniform(-1, 1, (32, 32)), rng.uniform(-1, 1, (32, 32))),
    spatter: lambda rng: (rng.normal(size=(32, 32)),),
}


def natural(rng, contrast):
    """An RGB image with a 1/f spectrum, its channels correlated as in photographs."""
    frequency = np.hypot(np.fft.fftfreq(32)[:, None], np.fft.fftfreq(32)[None])
    frequency[0, 0] = 1 / 32
    planes = [np.real(np.fft.ifft2(np.fft.fft2(rng.normal(size=(32, 32))) / frequency)) for _ in range(3)]
    planes = [plane / plane.std() for plane in planes]
    mixed = [0.9 * planes[0] + 0.45 * planes[1], planes[0], 0.85 * planes[0] + 0.5 * planes[2]]
    level = rng.uniform(0.4, 0.6, 3)
    return to_u8(level + contrast * np.dstack(mixed))


def psnr(a, b):
    error = ((a.astype(float) - b) ** 2).mean()
    return 10 * np.log10(255**2 / max(error, 1e-3))


def statistics(kind, images, draws):
    """[severity, quantity, (mean, deviation) over draws]; the quantities: mean and deviation of the pixels, PSNR."""
    rng = np.random.default_rng(1)
    rows = []
    for s in range(5):
        found = []
        for i in range(draws):
            image = images[i % len(images)]
            out = kind(image, s, *RANDOM[kind](rng))
            found.append([out.mean(), out.std(), psnr(out, image)])
        # Images differ: the deviation over draws is that within each image.
        within = np.array([[found[j] for j in range(i, draws, len(images))] for i in range(len(images))])
        rows.append(np.stack([within.mean((0, 1)), np.sqrt(within.var(1).mean(0))], 1))
    return np.array(rows)


def golden(path):
    rng = np.random.default_rng(0)
    images = np.array([natural(rng, contrast) for contrast in (0.2, 0.15, 0.3)])
    # Hard edges, black, white and pure colours.
    images[2, 8:16, 4:12] = 0
    images[2, 8:16, 20:28] = 255
    images[2, 20:28, 4:12] = (255, 0, 0)
    image = images[2]
    out = {"images": images}
    for kind in FIXED:
        out[kind.__name__] = np.array([kind(image, s) for s in range(5)])
    given = {
        "glass_blur": (rng.integers(-1, 1, 2 * 2 * 30 * 30).astype(np.int8),),
        "motion_blur": (np.float32(31.5),),
        "snow": (rng.normal(size=(32, 32)).astype(np.float32), np.float32(-77.25)),
        "fog": (rng.random(1023).astype(np.float32),),
        "elastic_transform": tuple(rng.uniform(-1, 1, size).astype(np.float32) for size in (6, (32, 32), (32, 32))),
        "spatter": (rng.normal(size=(32, 32)).astype(np.float32),),
    }
    for kind in RANDOM:
        if kind.__name__ in given:
            draws = given[kind.__name__]
            out[kind.__name__] = np.array([kind(image, s, *(np.float64(d) if d.dtype == np.float32 else d for d in draws)) for s in range(5)])
            out |= {f"{kind.__name__}.{i}": np.atleast_1d(d) for i, d in enumerate(draws)}
        out[f"{kind.__name__}.statistics"] = statistics(kind, images[:2], 2000)
        print(kind.__name__, flush=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in out.items():
            with archive.open(f"{name}.npy", "w") as file:
                np.save(file, array)


def timing():
    """CPU seconds for 10,000 images at severity 3."""
    rng = np.random.default_rng(0)
    images = [natural(rng, 0.2) for _ in range(200)]
    for kind in FIXED + list(RANDOM):
        start = time.process_time()
        for image in images:
            kind(image, 2, *(RANDOM[kind](rng) if kind in RANDOM else ()))
        print(f"{kind.__name__:20} {(time.process_time() - start) / len(images) * 1e4:8.2f} s for 10,000 images", flush=True)


if __name__ == "__main__":
    timing() if sys.argv[1] == "--time" else golden(sys.argv[1])
