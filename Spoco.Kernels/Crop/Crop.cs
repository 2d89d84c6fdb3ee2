namespace Spoco.Kernels.Primitives;

/// <summary>A box of an image, copied into another image.</summary>
internal static class Crop
{
    internal static readonly Chooser<CropAlgorithm, CropShape> Chooser = new(nameof(Crop), new CropHost(), new CropSimt());

    /// <summary>y = x in a box; y keeps its other voxels.</summary>
    /// <param name="from">Extents of x, [1, D, H, W, channels].</param>
    /// <param name="start">Where the box begins in x.</param>
    /// <param name="x">Values.</param>
    /// <param name="to">Extents of y, [1, D, H, W, channels].</param>
    /// <param name="target">Where the box begins in y.</param>
    /// <param name="y">Receives the box.</param>
    /// <param name="box">Extents of the box, [1, D, H, W, 1].</param>
    /// <exception cref="ArgumentException">The box is not within both, lengths do not fit, or the devices differ.</exception>
    public static void Copy(
        TensorShape from, PixelOffset start, DeviceBuffer<float> x, TensorShape to, PixelOffset target, DeviceBuffer<float> y, TensorShape box)
    {
        var shape = new CropShape(from, start, to, target, box);
        if (!shape.IsValid)
            throw new ArgumentException($"Crop: the box {box} at {start} of {from} does not fit {target} of {to}.");
        new Arguments(nameof(Crop), y.Device).Need(x, from.Count, "the input").Need(y, to.Count, "the output");
        Chooser.For(y.Device, shape).Copy(shape, x, y);
    }
}
