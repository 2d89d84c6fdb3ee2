using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>Launches the tile kernels with the layout that suits the channels.</summary>
internal static class TileLaunch
{
    /// <summary>Groups wanted of a weight gradient, to keep a large device busy; fixed, so that the result does not depend on the device.</summary>
    private const int WantedGroups = 1024;

    /// <summary>Fewest voxels worth a part of their own in a sum over voxels.</summary>
    private const int VoxelsPerPart = 512;

    /// <summary>y = f(source * weight + bias), and what else is wanted of it.</summary>
    public static void Forward(
        IlgpuDevice device, TileKind kind, in TileSource source, DeviceBuffer<float> weight, in ConvolutionShape shape, in TileBlocks blocks, in TileTarget target)
    {
        var config = Config(kind, shape, blocks);
        var launch = kind switch
        {
            TileKind.Wide => device.Kernel(static a => a.LoadStreamKernel<TileSource, ArrayView<float>, ConvolutionShape, TileBlocks, TileTarget>(
                TileForward.Kernel<WideTile>)),
            TileKind.Middle => device.Kernel(static a => a.LoadStreamKernel<TileSource, ArrayView<float>, ConvolutionShape, TileBlocks, TileTarget>(
                TileForward.Kernel<MiddleTile>)),
            TileKind.Narrow => device.Kernel(static a => a.LoadStreamKernel<TileSource, ArrayView<float>, ConvolutionShape, TileBlocks, TileTarget>(
                TileForward.Kernel<NarrowTile>)),
            _ => device.Kernel(static a => a.LoadStreamKernel<TileSource, ArrayView<float>, ConvolutionShape, TileBlocks, TileTarget>(
                TileForward.Kernel<SmallTile>)),
        };
        launch(config, source, weight.View, shape, blocks, target);
    }

    /// <summary>The gradient of the source, from that of the result.</summary>
    /// <param name="device">Device.</param>
    /// <param name="kind">Layout, for the input channels.</param>
    /// <param name="gradient">Gradient of the result.</param>
    /// <param name="weight">Of the forward convolution.</param>
    /// <param name="shape">The forward convolution.</param>
    /// <param name="blocks">Blocks of the input.</param>
    /// <param name="target">Results.</param>
    public static void InputGradient(
        IlgpuDevice device, TileKind kind, in TileSource gradient, DeviceBuffer<float> weight, in ConvolutionShape shape, in TileBlocks blocks,
        in TileGradientTarget target)
    {
        var transposed = shape.Transposed;
        var config = Config(kind, transposed, blocks);
        var launch = kind switch
        {
            TileKind.Wide => device.Kernel(static a => a.LoadStreamKernel<TileSource, ArrayView<float>, ConvolutionShape, TileBlocks, TileGradientTarget>(
                TileInputGradient.Kernel<WideTile>)),
            TileKind.Middle => device.Kernel(static a => a.LoadStreamKernel<TileSource, ArrayView<float>, ConvolutionShape, TileBlocks, TileGradientTarget>(
                TileInputGradient.Kernel<MiddleTile>)),
            TileKind.Narrow => device.Kernel(static a => a.LoadStreamKernel<TileSource, ArrayView<float>, ConvolutionShape, TileBlocks, TileGradientTarget>(
                TileInputGradient.Kernel<NarrowTile>)),
            _ => device.Kernel(static a => a.LoadStreamKernel<TileSource, ArrayView<float>, ConvolutionShape, TileBlocks, TileGradientTarget>(
                TileInputGradient.Kernel<SmallTile>)),
        };
        launch(config, gradient, weight.View, transposed, blocks, target);
    }

    /// <summary>The gradient of the weight, as copies that lie one behind the other and are still to be summed up; default where it is done.</summary>
    public static DeviceBuffer<float> WeightGradientParts(
        IlgpuDevice device, Holdings holdings, in TileSource source, in TileSource gradient, in ConvolutionShape shape, DeviceBuffer<float> dweight)
    {
        var kind = TileLayouts.For(device.Capabilities, shape.OutputChannels);
        var images = shape.Output.N;
        var voxels = IlgpuDevice.Extent(shape.Output.VoxelsPerImage, nameof(Convolution));
        var tiles = (int)((shape.Terms + kind.Rows() - 1L) / kind.Rows()) * kind.ColumnTiles(shape.OutputChannels);
        var most = Math.Max(1, int.MaxValue / dweight.Length / images);
        var parts = (int)Math.Clamp(Math.Min(WantedGroups / ((long)tiles * images), voxels / VoxelsPerPart), 1, most);
        var launch = kind switch
        {
            TileKind.Wide => device.Kernel(static a => a.LoadStreamKernel<TileSource, TileSource, ArrayView<float>, ConvolutionShape, int, int>(
                TileWeightGradient.Kernel<WideTile>)),
            TileKind.Middle => device.Kernel(static a => a.LoadStreamKernel<TileSource, TileSource, ArrayView<float>, ConvolutionShape, int, int>(
                TileWeightGradient.Kernel<MiddleTile>)),
            TileKind.Narrow => device.Kernel(static a => a.LoadStreamKernel<TileSource, TileSource, ArrayView<float>, ConvolutionShape, int, int>(
                TileWeightGradient.Kernel<NarrowTile>)),
            _ => device.Kernel(static a => a.LoadStreamKernel<TileSource, TileSource, ArrayView<float>, ConvolutionShape, int, int>(
                TileWeightGradient.Kernel<SmallTile>)),
        };
        var config = new KernelConfig(IlgpuDevice.Extent((long)tiles * images * parts, nameof(Convolution)), kind.Threads());
        var perPart = (voxels + parts - 1) / parts;
        var copies = images * parts == 1 ? default : holdings.Allocate<float>(device, dweight.Length * images * parts, "Convolution weight gradient");
        launch(config, source, gradient, copies.IsNull ? dweight.View : copies.View, shape, parts, perPart);
        return copies;
    }

    /// <summary>A tensor as it is.</summary>
    public static TileSource Plain(ValueBuffer values, TensorShape shape)
    {
        IlgpuDevice.Extent(values.Length, nameof(Convolution));
        return new TileSource { Values = values.View, Shape = shape };
    }

    private static KernelConfig Config(TileKind kind, in ConvolutionShape shape, in TileBlocks blocks)
    {
        IlgpuDevice.Extent(shape.Output.Count, nameof(Convolution));
        return new KernelConfig(
            IlgpuDevice.Extent((long)shape.Output.N * blocks.Tiles * kind.ColumnTiles(shape.OutputChannels), nameof(Convolution)), kind.Threads());
    }
}
