using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>Launches the kernels of the matrix units with the layout that suits the channels, and the operands that the device is to use.</summary>
internal static class MatrixLaunch
{
    /// <summary>Groups wanted of a weight gradient, to keep a large device busy; fixed, so that the result does not depend on the device.</summary>
    private const int WantedGroups = 768;

    /// <summary>Fewest boxes worth a part of their own in a sum over voxels.</summary>
    private const int LeastBoxes = 8;

    /// <summary>Whether a device has room for a tile of any width, and for the window of a convolution.</summary>
    public static bool Runs(in Capabilities device, in ConvolutionShape shape) =>
        !device.OnHost && (Pays(device) || device.MatrixUnits.HasFlag(MatrixUnits.Emulated)) && device.GroupThreads >= MatrixTiles.Threads(64) && device.SharedMemory >= MatrixTiles.SharedBytes(64)
            && HasBoxes(shape.Output, shape) && HasBoxes(shape.Input, shape.Transposed);

    /// <summary>Whether a device has matrix units for every <see cref="Precision"/>.</summary>
    public static bool Pays(in Capabilities device) => device.MatrixUnits.HasFlag(MatrixUnits.TensorFloat32 | MatrixUnits.BFloat16);

    /// <summary>Bytes of the packed weight.</summary>
    public static long PackedBytes(ComputeDevice device, in ConvolutionShape shape) =>
        sizeof(int) * MatrixWeights.Length(shape, device.Precision == Precision.BF16 ? default(BrainFloat16Operand).ChannelsPerWord : default(SingleOperand).ChannelsPerWord);

    /// <summary>y = f(source * weight + bias), and what else is wanted of it.</summary>
    public static void Forward(
        IlgpuDevice device, in TileSource source, DeviceBuffer<float> weight, in ConvolutionShape shape, in TileBlocks blocks, in TileTarget target)
    {
        switch (PrecisionOf(device, source))
        {
            case Precision.F32:
                Forward<SingleOperand>(device, source, weight, shape, blocks, target);
                break;
            case Precision.TF32:
                Forward<TensorFloat32Operand>(device, source, weight, shape, blocks, target);
                break;
            default:
                Forward<BrainFloat16Operand>(device, source, weight, shape, blocks, target);
                break;
        }
    }

    /// <summary>The gradient of the source, from that of the result; arguments as those of <see cref="TileLaunch.InputGradient"/>.</summary>
    public static void InputGradient(
        IlgpuDevice device, in TileSource gradient, DeviceBuffer<float> weight, in ConvolutionShape shape, in TileBlocks blocks, in TileGradientTarget target)
    {
        switch (PrecisionOf(device, gradient))
        {
            case Precision.F32:
                InputGradient<SingleOperand>(device, gradient, weight, shape, blocks, target);
                break;
            case Precision.TF32:
                InputGradient<TensorFloat32Operand>(device, gradient, weight, shape, blocks, target);
                break;
            default:
                InputGradient<BrainFloat16Operand>(device, gradient, weight, shape, blocks, target);
                break;
        }
    }

    /// <summary>Whether a weight gradient is computed in matrix units: the window has three rows and columns, and output channels fill tiles.</summary>
    public static bool HasWeightGradient(in ConvolutionShape shape) => shape is { KernelH: MatrixGradientPlanes.Window, KernelW: MatrixGradientPlanes.Window }
        && shape.OutputChannels % 16 == 0;

    /// <summary>The gradient of the weight, see <see cref="TileLaunch.WeightGradientParts"/>, which computes what matrix units do not.</summary>
    public static DeviceBuffer<float> WeightGradientParts(
        IlgpuDevice device, Holdings holdings, in TileSource source, in TileSource gradient, in ConvolutionShape shape, DeviceBuffer<float> dweight) =>
        !HasWeightGradient(shape) || !HasVectors(gradient) ? TileLaunch.WeightGradientParts(device, holdings, source, gradient, shape, dweight)
        : (gradient.HasNarrow ? Precision.BF16 : PrecisionOf(device, source)) switch
        {
            Precision.F32 => WeightGradientParts<SingleOperand>(device, holdings, source, gradient, shape, dweight),
            Precision.TF32 => WeightGradientParts<TensorFloat32Operand>(device, holdings, source, gradient, shape, dweight),
            _ => WeightGradientParts<BrainFloat16Operand>(device, holdings, source, gradient, shape, dweight),
        };

    private static DeviceBuffer<float> WeightGradientParts<TOperand>(
        IlgpuDevice device, Holdings holdings, in TileSource source, in TileSource gradient, in ConvolutionShape shape, DeviceBuffer<float> dweight)
        where TOperand : unmanaged, IGradientOperand
    {
        var columns = shape.OutputChannels % 64 == 0 ? 64 : shape.OutputChannels % 32 == 0 ? 32 : 16;
        var images = shape.Output.N;
        var tiles = shape.OutputChannels / columns * shape.KernelD * ((shape.InputChannels + MatrixTiles.SlabWords - 1) / MatrixTiles.SlabWords);
        var boxes = MatrixGradientBoxes.Of(shape.Output, 1, HasVectors(source));
        var most = Math.Max(1, int.MaxValue / dweight.Length / images);
        boxes = boxes with { Parts = (int)Math.Clamp(Math.Min(WantedGroups / ((long)tiles * images), boxes.Count / LeastBoxes), 1, most) };
        var launch = columns switch
        {
            64 => device.Kernel(static a => a.LoadStreamKernel<TileSource, TileSource, ArrayView<float>, ConvolutionShape, MatrixGradientBoxes, ArrayView<int>>(
                MatrixWeightGradient.Kernel<WideGradient, TOperand>, MatrixWeightGradient.Groups<WideGradient>())),
            32 => device.Kernel(static a => a.LoadStreamKernel<TileSource, TileSource, ArrayView<float>, ConvolutionShape, MatrixGradientBoxes, ArrayView<int>>(
                MatrixWeightGradient.Kernel<MiddleGradient, TOperand>, MatrixWeightGradient.Groups<MiddleGradient>())),
            _ => device.Kernel(static a => a.LoadStreamKernel<TileSource, TileSource, ArrayView<float>, ConvolutionShape, MatrixGradientBoxes, ArrayView<int>>(
                MatrixWeightGradient.Kernel<NarrowGradient, TOperand>, MatrixWeightGradient.Groups<NarrowGradient>())),
        };
        var threads = columns == 64 ? MatrixWeightGradient.Threads<WideGradient>() : MatrixWeightGradient.Threads<NarrowGradient>();
        var config = new KernelConfig(IlgpuDevice.Extent((long)tiles * images * boxes.Parts, nameof(Convolution)), threads);
        var copies = images * boxes.Parts == 1 ? default : holdings.Allocate<float>(device, dweight.Length * images * boxes.Parts, "Convolution weight gradient");
        launch(config, source, gradient, copies.IsNull ? dweight.View : copies.View, shape, boxes, Emulated(device, holdings, config));
        return copies;
    }

    /// <summary>What is stored in half the memory has no more bits than BF16, and only kernels of that read it.</summary>
    private static Precision PrecisionOf(IlgpuDevice device, in TileSource source) => source.HasNarrow ? Precision.BF16 : device.Precision;

    private static void Forward<TOperand>(
        IlgpuDevice device, in TileSource source, DeviceBuffer<float> weight, in ConvolutionShape shape, in TileBlocks blocks, in TileTarget target)
        where TOperand : unmanaged, IMatrixOperand
    {
        using var holdings = new Holdings();
        var packed = Pack<TOperand>(device, holdings, weight, shape, false);
        var problem = new TileProblem(nameof(Forward), PrecisionOf(device, source), shape);
        if (!KnowsColumns(device, problem, blocks, out var columns))
            columns = FindForward<TOperand>(device, problem, source, packed, blocks, target);
        LaunchForward<TOperand>(device, columns, source, packed, shape, blocks, target);
    }

    /// <summary>Columns of the tile; in a method of its own, as what it is measured with is kept beyond the call.</summary>
    private static int FindForward<TOperand>(
        IlgpuDevice device, TileProblem problem, TileSource source, ArrayView<Words> packed, TileBlocks blocks, TileTarget target)
        where TOperand : unmanaged, IMatrixOperand =>
        device.Tuning!.Find(problem, Columns(device, problem.Shape, blocks), MatrixTiles.Columns(problem.Shape.OutputChannels), columns =>
        {
            LaunchForward<TOperand>(device, columns, source, packed, problem.Shape, blocks, target);
            device.Synchronize();
        });

    private static void LaunchForward<TOperand>(
        IlgpuDevice device, int columns, in TileSource source, ArrayView<Words> packed, in ConvolutionShape shape, in TileBlocks blocks, in TileTarget target)
        where TOperand : unmanaged, IMatrixOperand
    {
        using var holdings = new Holdings();
        var launch = columns switch
        {
            64 => device.Kernel(static a => a.LoadStreamKernel<TileSource, ArrayView<Words>, ConvolutionShape, TileBlocks, MatrixReach, TileTarget, ArrayView<int>>(
                MatrixForward.Kernel<WideMatrix, TOperand>)),
            32 => device.Kernel(static a => a.LoadStreamKernel<TileSource, ArrayView<Words>, ConvolutionShape, TileBlocks, MatrixReach, TileTarget, ArrayView<int>>(
                MatrixForward.Kernel<MiddleMatrix, TOperand>)),
            _ => device.Kernel(static a => a.LoadStreamKernel<TileSource, ArrayView<Words>, ConvolutionShape, TileBlocks, MatrixReach, TileTarget, ArrayView<int>>(
                MatrixForward.Kernel<NarrowMatrix, TOperand>)),
        };
        var config = Config(shape, blocks, columns);
        var vectors = shape.OutputChannels % 4 == 0 && target.Y.IsAligned && target.Pooled.IsAligned ? 1 : 0;
        launch(config, source, packed, shape, blocks, MatrixReach.Of(blocks, shape, HasVectors(source)), target with { Vectors = vectors }, Emulated(device, holdings, config));
    }

    private static void InputGradient<TOperand>(
        IlgpuDevice device, in TileSource gradient, DeviceBuffer<float> weight, in ConvolutionShape shape, in TileBlocks blocks, in TileGradientTarget target)
        where TOperand : unmanaged, IMatrixOperand
    {
        using var holdings = new Holdings();
        var transposed = shape.Transposed;
        var packed = Pack<TOperand>(device, holdings, weight, transposed, true);
        var problem = new TileProblem(nameof(InputGradient), PrecisionOf(device, gradient), transposed);
        if (!KnowsColumns(device, problem, blocks, out var columns))
            columns = FindInputGradient<TOperand>(device, problem, gradient, packed, blocks, target);
        LaunchInputGradient<TOperand>(device, columns, gradient, packed, transposed, blocks, target);
    }

    /// <summary>As <see cref="FindForward"/>.</summary>
    private static int FindInputGradient<TOperand>(
        IlgpuDevice device, TileProblem problem, TileSource gradient, ArrayView<Words> packed, TileBlocks blocks, TileGradientTarget target)
        where TOperand : unmanaged, IMatrixOperand =>
        device.Tuning!.Find(problem, Columns(device, problem.Shape, blocks), MatrixTiles.Columns(problem.Shape.OutputChannels), columns =>
        {
            LaunchInputGradient<TOperand>(device, columns, gradient, packed, problem.Shape, blocks, target);
            device.Synchronize();
        });

    private static void LaunchInputGradient<TOperand>(
        IlgpuDevice device, int columns, in TileSource gradient, ArrayView<Words> packed, in ConvolutionShape transposed, in TileBlocks blocks, in TileGradientTarget target)
        where TOperand : unmanaged, IMatrixOperand
    {
        using var holdings = new Holdings();
        var launch = columns switch
        {
            64 => device.Kernel(static a => a.LoadStreamKernel<TileSource, ArrayView<Words>, ConvolutionShape, TileBlocks, MatrixReach, TileGradientTarget, ArrayView<int>>(
                MatrixInputGradient.Kernel<WideMatrix, TOperand>)),
            32 => device.Kernel(static a => a.LoadStreamKernel<TileSource, ArrayView<Words>, ConvolutionShape, TileBlocks, MatrixReach, TileGradientTarget, ArrayView<int>>(
                MatrixInputGradient.Kernel<MiddleMatrix, TOperand>)),
            _ => device.Kernel(static a => a.LoadStreamKernel<TileSource, ArrayView<Words>, ConvolutionShape, TileBlocks, MatrixReach, TileGradientTarget, ArrayView<int>>(
                MatrixInputGradient.Kernel<NarrowMatrix, TOperand>)),
        };
        var config = Config(transposed, blocks, columns);
        var vectors = HasVectors(target.Inputs) && target.Dx.IsAligned && target.Dsmall.IsAligned ? 1 : 0;
        launch(config, gradient, packed, transposed, blocks, MatrixReach.Of(blocks, transposed, HasVectors(gradient)), target with { Vectors = vectors }, Emulated(device, holdings, config));
    }

    private static ArrayView<Words> Pack<TOperand>(
        IlgpuDevice device, Holdings holdings, DeviceBuffer<float> weight, in ConvolutionShape shape, bool transposed) where TOperand : unmanaged, IMatrixOperand
    {
        var length = IlgpuDevice.Extent(MatrixWeights.Length(shape, default(TOperand).ChannelsPerWord), nameof(Convolution));
        var packed = holdings.Allocate<int>(device, length, "Convolution weight");
        device.Kernel(static a => a.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>, ArrayView<int>, ConvolutionShape, int>(MatrixWeights.Pack<TOperand>))(
            length, weight.View, packed.View, shape, transposed ? 1 : 0);
        return packed.View.Cast<Words>();
    }

    /// <summary>Memory of what stands for matrix units where there are none.</summary>
    private static ArrayView<int> Emulated(IlgpuDevice device, Holdings holdings, KernelConfig config) => Pays(device.Capabilities) ? default
        : holdings.Allocate<int>(device, (long)config.GridDim.X * WarpSums.EmulatedWords, "Convolution without matrix units").View;

    /// <summary>Whether four neighbouring channels can be read at once.</summary>
    private static bool HasVectors(in TileSource source) => source.Shape.C % 4 == 0 && source.SmallShape.C % 4 == 0
        && source.Values.IsAligned && source.Small.IsAligned && source.Gate.IsAligned;

    private static bool HasBoxes(TensorShape image, in ConvolutionShape shape) =>
        MatrixTiles.BoxesOf(image, false, shape) is not null && (image.D == 1 || MatrixTiles.BoxesOf(image, true, shape) is not null);

    /// <summary>Columns of the tile, where nothing has to be measured for them.</summary>
    private static bool KnowsColumns(IlgpuDevice device, in TileProblem problem, in TileBlocks blocks, out int columns)
    {
        if (device.Tuning is { } tuning)
            return tuning.Knows(problem, out columns);
        columns = Columns(device, problem.Shape, blocks);
        return true;
    }

    private static int Columns(IlgpuDevice device, in ConvolutionShape shape, in TileBlocks blocks) =>
        MatrixTiles.Columns(shape.OutputChannels, (long)shape.Output.N * blocks.Tiles, device.Multiprocessors);

    private static KernelConfig Config(in ConvolutionShape shape, in TileBlocks blocks, int columns)
    {
        IlgpuDevice.Extent(shape.Output.Count, nameof(Convolution));
        return new KernelConfig(
            IlgpuDevice.Extent((long)shape.Output.N * blocks.Tiles * ((shape.OutputChannels + columns - 1) / columns), nameof(Convolution)), MatrixTiles.Threads(columns));
    }
}
