namespace Spoco.Kernels.Primitives;

/// <summary>
/// Concatenation of a tensor with another one resized to its size, in one pass: the input of a U-Net's decoder level. Without the first tensor it
/// is a nearest-neighbour resize, with two tensors of one size a concatenation.
/// </summary>
internal static class UpsampleConcat
{
    internal static readonly Chooser<UpsampleConcatAlgorithm, UpsampleShape> Chooser =
        new(nameof(UpsampleConcat), new UpsampleConcatHost(), new UpsampleConcatSimt());

    /// <summary>y = (skip, small resized) along the channels.</summary>
    /// <param name="shape">Geometry.</param>
    /// <param name="skip">First channels; default where the geometry has none.</param>
    /// <param name="small">What is resized.</param>
    /// <param name="y">Result.</param>
    /// <exception cref="ArgumentException">A buffer does not fit the geometry, or is on another device.</exception>
    public static void Forward(UpsampleShape shape, DeviceBuffer<float> skip, DeviceBuffer<float> small, DeviceBuffer<float> y)
    {
        var arguments = new Arguments(nameof(UpsampleConcat), y.Device).Need(y, shape.Output.Count, "the output").Need(small, shape.Small.Count, "the small input");
        if (shape.SkipChannels > 0)
            arguments.Need(skip, shape.Skip.Count, "the skip input");
        Chooser.For(y.Device, shape).Forward(shape, skip, small, y);
    }

    /// <summary>
    /// dskip = the first channels of dy; dsmall = sum of the others over the output voxels that took a voxel of small, in the order of their
    /// addresses.
    /// </summary>
    /// <param name="shape">Geometry.</param>
    /// <param name="dy">Gradient of the output.</param>
    /// <param name="dskip">Result; default = not needed.</param>
    /// <param name="dsmall">Result; default = not needed.</param>
    /// <exception cref="ArgumentException">A buffer does not fit the geometry, or is on another device.</exception>
    public static void Backward(UpsampleShape shape, DeviceBuffer<float> dy, DeviceBuffer<float> dskip, DeviceBuffer<float> dsmall)
    {
        new Arguments(nameof(UpsampleConcat), dy.Device).Need(dy, shape.Output.Count, "the output gradient")
            .Allow(dskip, shape.Skip.Count, "the skip gradient").Allow(dsmall, shape.Small.Count, "the small gradient");
        if (!dsmall.IsNull)
            Chooser.For(dy.Device, shape).Backward(shape, dy, dskip, dsmall);
        else if (!dskip.IsNull)
            ChannelSlice.Forward(shape.Output.Voxels, 0, dy, dskip);
    }
}
