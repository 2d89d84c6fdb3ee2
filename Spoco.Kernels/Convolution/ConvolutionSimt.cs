using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Convolution on ILGPU devices: implicit matrix products, tiled through shared memory. A group computes a tile of the result, each thread
/// 4 x 4 values in registers; neighbouring threads read and write neighbouring channels. Groups have 16 x 16 threads, or 4 x 4 where the device
/// allows no more (ILGPU's simulator).
/// </summary>
internal sealed class ConvolutionSimt : ConvolutionAlgorithm
{
    /// <summary>Terms that go through shared memory at a time.</summary>
    private const int Depth = 16;

    /// <summary>Largest edge of a tile: 16 threads of 4 values.</summary>
    private const int MaximumTile = 64;

    /// <summary>A row of a shared tile in units of 4 values; one more than needed moves the rows to other banks.</summary>
    private const int Pitch = MaximumTile / 4 + 1;

    /// <summary>Groups wanted of a weight gradient, to keep a large device busy; fixed, so that the result does not depend on the device.</summary>
    private const int WantedGroups = 1024;

    /// <summary>Fewest voxels worth a part of their own in a sum over voxels.</summary>
    private const int VoxelsPerPart = 512;

    /// <inheritdoc/>
    public override string Name => "tiles";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in ConvolutionProblem problem) => !device.OnHost;

    /// <inheritdoc/>
    public override void Forward(
        in ConvolutionShape shape, DeviceBuffer<float> x, DeviceBuffer<float> weight, DeviceBuffer<float> bias, DeviceBuffer<float> y,
        ActivationFunction activation)
    {
        var device = y.Device.Ilgpu;
        var threads = Threads(device);
        var groups = Groups(shape.Output.Voxels, shape.OutputChannels, 1, threads);
        CheckIndices(x, weight, y);
        var load = threads == Wide.Count
            ? device.Kernel(static a => a.LoadStreamKernel<ArrayView<float>, ArrayView<float>, ArrayView<float>, int, ArrayView<float>,
                ConvolutionShape, ActivationFunction>(Forward<Wide>))
            : device.Kernel(static a => a.LoadStreamKernel<ArrayView<float>, ArrayView<float>, ArrayView<float>, int, ArrayView<float>,
                ConvolutionShape, ActivationFunction>(Forward<Narrow>));

        // Without a bias any view will do: it is not read.
        load(new KernelConfig(groups, threads * threads), x.View, weight.View, bias.IsNull ? weight.View : bias.View, bias.IsNull ? 0 : 1, y.View,
            shape, activation);
    }

    /// <inheritdoc/>
    public override void BackwardInput(in ConvolutionShape shape, DeviceBuffer<float> dy, DeviceBuffer<float> weight, DeviceBuffer<float> dx)
    {
        var device = dx.Device.Ilgpu;
        var transposed = shape.Transposed;
        using var memory = device.Allocate<float>(weight.Length, "Convolution transposed weight").Memory;
        var mirrored = new DeviceBuffer<float>(memory, 0, weight.Length);
        device.Kernel(static a => a.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>, ArrayView<float>, int, int, int>(Transpose))(
            IlgpuDevice.Extent(weight.Length, nameof(Convolution)), weight.View, mirrored.View, shape.Taps, shape.InputChannels, shape.OutputChannels);
        Forward(transposed, dy, mirrored, default, dx, default);
    }

    /// <inheritdoc/>
    public override void BackwardWeight(in ConvolutionShape shape, DeviceBuffer<float> x, DeviceBuffer<float> dy, DeviceBuffer<float> dweight)
    {
        var device = dweight.Device.Ilgpu;
        var threads = Threads(device);
        CheckIndices(x, dy, dweight);
        var voxels = (int)shape.Output.Voxels;
        var tiles = Groups(shape.Terms, shape.OutputChannels, 1, threads);
        var parts = Math.Clamp(Math.Min(WantedGroups / tiles, voxels / VoxelsPerPart), 1, Math.Max(1, int.MaxValue / (int)dweight.Length));
        var voxelsPerPart = (voxels + parts - 1) / parts;
        var load = threads == Wide.Count
            ? device.Kernel(static a => a.LoadStreamKernel<ArrayView<float>, ArrayView<float>, ArrayView<float>, ConvolutionShape, int>(
                BackwardWeight<Wide>))
            : device.Kernel(static a => a.LoadStreamKernel<ArrayView<float>, ArrayView<float>, ArrayView<float>, ConvolutionShape, int>(
                BackwardWeight<Narrow>));
        var config = new KernelConfig(Groups(shape.Terms, shape.OutputChannels, parts, threads), threads * threads);
        if (parts == 1)
        {
            load(config, x.View, dy.View, dweight.View, shape, voxelsPerPart);
            return;
        }

        using var memory = device.Allocate<float>(dweight.Length * parts, "Convolution weight gradient").Memory;
        var partials = new DeviceBuffer<float>(memory, 0, dweight.Length * parts);
        load(config, x.View, dy.View, partials.View, shape, voxelsPerPart);
        ChannelSumSimt.SumParts(device, partials, dweight);
    }

    private static int Threads(IlgpuDevice device) => device.Accelerator.MaxNumThreadsPerGroup >= Wide.Count * Wide.Count ? Wide.Count : Narrow.Count;

    private static int Groups(long rows, int columns, int parts, int threads)
    {
        var tile = 4 * threads;
        return IlgpuDevice.Extent((rows + tile - 1) / tile * ((columns + tile - 1) / tile) * parts, nameof(Convolution));
    }

    private static void CheckIndices(DeviceBuffer<float> a, DeviceBuffer<float> b, DeviceBuffer<float> c) =>
        IlgpuDevice.Extent(Math.Max(a.Length, Math.Max(b.Length, c.Length)), nameof(Convolution));

    /// <summary>
    /// A group owns 4 T voxels by 4 T output channels (T = threads along an edge). Per step it loads <see cref="Depth"/> terms (tap, input channel)
    /// of its voxels and of its weight columns; thread (row, column) owns the voxels from 4 row and the channels from 4 column on.
    /// </summary>
    private static void Forward<TThreads>(
        ArrayView<float> x, ArrayView<float> weight, ArrayView<float> bias, int hasBias, ArrayView<float> y, ConvolutionShape shape,
        ActivationFunction activation) where TThreads : unmanaged, IThreads
    {
        var threads = default(TThreads).Edge;
        var sharedA = SharedMemory.Allocate<Four>(Depth * Pitch);
        var sharedB = SharedMemory.Allocate<Four>(Depth * Pitch);
        var valuesA = sharedA.Cast<float>();
        var valuesB = sharedB.Cast<float>();
        var thread = Group.IdxX;
        var columns = shape.OutputChannels;
        var columnTiles = (columns + 4 * threads - 1) / (4 * threads);
        var firstRow = Grid.IdxX / columnTiles * 4 * threads;
        var firstColumn = Grid.IdxX % columnTiles * 4 * threads;
        var output = shape.Output;
        var input = shape.Input;
        var voxels = (int)output.Voxels;
        var channels = shape.InputChannels;
        var terms = shape.Terms;

        // Input: this thread loads term `loadTerm` of every step for voxels loadRow, loadRow + rowStep, ..: neighbours load neighbouring channels.
        var loadTerm = thread % Depth;
        var loadRow = thread / Depth;
        var rowStep = threads * threads / Depth;
        var v0 = Voxel.Of(firstRow + loadRow, output, shape, voxels);
        var v1 = Voxel.Of(firstRow + loadRow + rowStep, output, shape, voxels);
        var v2 = Voxel.Of(firstRow + loadRow + 2 * rowStep, output, shape, voxels);
        var v3 = Voxel.Of(firstRow + loadRow + 3 * rowStep, output, shape, voxels);
        var (c, kw, kh, kd) = (loadTerm % channels, loadTerm / channels % shape.KernelW, loadTerm / channels / shape.KernelW % shape.KernelH,
            loadTerm / channels / shape.KernelW / shape.KernelH);

        var row = thread / threads;
        var column = thread % threads;
        float s00 = 0, s01 = 0, s02 = 0, s03 = 0, s10 = 0, s11 = 0, s12 = 0, s13 = 0;
        float s20 = 0, s21 = 0, s22 = 0, s23 = 0, s30 = 0, s31 = 0, s32 = 0, s33 = 0;
        var tile = 4 * threads;
        for (var first = 0; first < terms; first += Depth)
        {
            // Beyond the last tap: a slice outside the image, which is 0.
            Tap tap;
            tap.D = kd < shape.KernelD ? kd : input.D + shape.PaddingD;
            tap.H = kh;
            tap.W = kw;
            tap.Channel = c;
            if (rowStep * 4 == tile)
            {
                valuesA[loadTerm * Pitch * 4 + loadRow] = v0.Load(x, input, tap, channels);
                valuesA[loadTerm * Pitch * 4 + loadRow + rowStep] = v1.Load(x, input, tap, channels);
                valuesA[loadTerm * Pitch * 4 + loadRow + 2 * rowStep] = v2.Load(x, input, tap, channels);
                valuesA[loadTerm * Pitch * 4 + loadRow + 3 * rowStep] = v3.Load(x, input, tap, channels);
            }
            else
            {
                for (var r = loadRow; r < tile; r += rowStep)
                    valuesA[loadTerm * Pitch * 4 + r] = Voxel.Of(firstRow + r, output, shape, voxels).Load(x, input, tap, channels);
            }

            for (var i = thread; i < Depth * tile; i += threads * threads)
            {
                var term = first + i / tile;
                var n = firstColumn + i % tile;
                valuesB[i / tile * Pitch * 4 + i % tile] = term < terms && n < columns ? weight[term * columns + n] : 0;
            }

            Group.Barrier();
            for (var k = 0; k < Depth; k++)
            {
                var a = sharedA[k * Pitch + row];
                var b = sharedB[k * Pitch + column];
                s00 += a.X * b.X;
                s01 += a.X * b.Y;
                s02 += a.X * b.Z;
                s03 += a.X * b.W;
                s10 += a.Y * b.X;
                s11 += a.Y * b.Y;
                s12 += a.Y * b.Z;
                s13 += a.Y * b.W;
                s20 += a.Z * b.X;
                s21 += a.Z * b.Y;
                s22 += a.Z * b.Z;
                s23 += a.Z * b.W;
                s30 += a.W * b.X;
                s31 += a.W * b.Y;
                s32 += a.W * b.Z;
                s33 += a.W * b.W;
            }

            Group.Barrier();

            // The next term of this thread; kd runs out of the window after the last one, and Load then gives 0.
            c += Depth;
            while (c >= channels)
            {
                c -= channels;
                if (++kw == shape.KernelW)
                {
                    kw = 0;
                    if (++kh == shape.KernelH)
                    {
                        kh = 0;
                        kd++;
                    }
                }
            }
        }

        var m = firstRow + 4 * row;
        var o = firstColumn + 4 * column;
        StoreRow(y, m, o, voxels, columns, bias, hasBias, activation, s00, s01, s02, s03);
        StoreRow(y, m + 1, o, voxels, columns, bias, hasBias, activation, s10, s11, s12, s13);
        StoreRow(y, m + 2, o, voxels, columns, bias, hasBias, activation, s20, s21, s22, s23);
        StoreRow(y, m + 3, o, voxels, columns, bias, hasBias, activation, s30, s31, s32, s33);
    }

    private static void StoreRow(
        ArrayView<float> y, int m, int o, int voxels, int columns, ArrayView<float> bias, int hasBias, ActivationFunction activation,
        float s0, float s1, float s2, float s3)
    {
        if (m >= voxels)
            return;
        Store(y, m, o, columns, bias, hasBias, activation, s0);
        Store(y, m, o + 1, columns, bias, hasBias, activation, s1);
        Store(y, m, o + 2, columns, bias, hasBias, activation, s2);
        Store(y, m, o + 3, columns, bias, hasBias, activation, s3);
    }

    private static void Store(
        ArrayView<float> y, int m, int o, int columns, ArrayView<float> bias, int hasBias, ActivationFunction activation, float s)
    {
        if (o >= columns)
            return;
        if (hasBias != 0)
            s += bias[o];
        y[m * columns + o] = activation.Apply(s);
    }

    /// <summary>
    /// A group owns 4 T terms (tap, input channel) by 4 T output channels of the gradient and sums over one part of the voxels,
    /// <see cref="Depth"/> at a time; part p writes the p-th copy of the gradient.
    /// </summary>
    private static void BackwardWeight<TThreads>(
        ArrayView<float> x, ArrayView<float> dy, ArrayView<float> partials, ConvolutionShape shape, int voxelsPerPart)
        where TThreads : unmanaged, IThreads
    {
        var threads = default(TThreads).Edge;
        var sharedA = SharedMemory.Allocate<Four>(Depth * Pitch);
        var sharedB = SharedMemory.Allocate<Four>(Depth * Pitch);
        var valuesA = sharedA.Cast<float>();
        var valuesB = sharedB.Cast<float>();
        var thread = Group.IdxX;
        var tile = 4 * threads;
        var columns = shape.OutputChannels;
        var terms = shape.Terms;
        var columnTiles = (columns + tile - 1) / tile;
        var tiles = columnTiles * ((terms + tile - 1) / tile);
        var part = Grid.IdxX / tiles;
        var firstRow = Grid.IdxX % tiles / columnTiles * tile;
        var firstColumn = Grid.IdxX % columnTiles * tile;
        var output = shape.Output;
        var input = shape.Input;
        var channels = shape.InputChannels;
        var firstVoxel = part * voxelsPerPart;
        var lastVoxel = IntrinsicMath.Min(firstVoxel + voxelsPerPart, (int)output.Voxels);

        // Input: this thread loads the same four terms in every step.
        var row = thread / threads;
        var column = thread % threads;
        var t0 = Tap.Of(firstRow + column, shape, terms);
        var t1 = Tap.Of(firstRow + column + threads, shape, terms);
        var t2 = Tap.Of(firstRow + column + 2 * threads, shape, terms);
        var t3 = Tap.Of(firstRow + column + 3 * threads, shape, terms);
        float s00 = 0, s01 = 0, s02 = 0, s03 = 0, s10 = 0, s11 = 0, s12 = 0, s13 = 0;
        float s20 = 0, s21 = 0, s22 = 0, s23 = 0, s30 = 0, s31 = 0, s32 = 0, s33 = 0;
        for (var first = firstVoxel; first < lastVoxel; first += Depth)
        {
            for (var v = row; v < Depth; v += threads)
            {
                var voxel = Voxel.Of(first + v, output, shape, lastVoxel);
                var at = v * Pitch * 4 + column;
                valuesA[at] = voxel.Load(x, input, t0, channels);
                valuesA[at + threads] = voxel.Load(x, input, t1, channels);
                valuesA[at + 2 * threads] = voxel.Load(x, input, t2, channels);
                valuesA[at + 3 * threads] = voxel.Load(x, input, t3, channels);
            }

            for (var i = thread; i < Depth * tile; i += threads * threads)
            {
                var v = first + i / tile;
                var n = firstColumn + i % tile;
                valuesB[i / tile * Pitch * 4 + i % tile] = v < lastVoxel && n < columns ? dy[v * columns + n] : 0;
            }

            Group.Barrier();
            for (var k = 0; k < Depth; k++)
            {
                var a = sharedA[k * Pitch + row];
                var b = sharedB[k * Pitch + column];
                s00 += a.X * b.X;
                s01 += a.X * b.Y;
                s02 += a.X * b.Z;
                s03 += a.X * b.W;
                s10 += a.Y * b.X;
                s11 += a.Y * b.Y;
                s12 += a.Y * b.Z;
                s13 += a.Y * b.W;
                s20 += a.Z * b.X;
                s21 += a.Z * b.Y;
                s22 += a.Z * b.Z;
                s23 += a.Z * b.W;
                s30 += a.W * b.X;
                s31 += a.W * b.Y;
                s32 += a.W * b.Z;
                s33 += a.W * b.W;
            }

            Group.Barrier();
        }

        var target = part * terms * columns;
        var m = firstRow + 4 * row;
        var o = firstColumn + 4 * column;
        StorePartial(partials, target, m, o, terms, columns, s00, s01, s02, s03);
        StorePartial(partials, target, m + 1, o, terms, columns, s10, s11, s12, s13);
        StorePartial(partials, target, m + 2, o, terms, columns, s20, s21, s22, s23);
        StorePartial(partials, target, m + 3, o, terms, columns, s30, s31, s32, s33);
    }

    private static void StorePartial(
        ArrayView<float> partials, int target, int m, int o, int terms, int columns, float s0, float s1, float s2, float s3)
    {
        if (m >= terms)
            return;
        var at = target + m * columns + o;
        if (o < columns)
            partials[at] = s0;
        if (o + 1 < columns)
            partials[at + 1] = s1;
        if (o + 2 < columns)
            partials[at + 2] = s2;
        if (o + 3 < columns)
            partials[at + 3] = s3;
    }

    /// <summary>One thread per value of the mirrored weight [taps][Cout][Cin].</summary>
    private static void Transpose(Index1D i, ArrayView<float> weight, ArrayView<float> mirrored, int taps, int inputChannels, int outputChannels)
    {
        var c = i % inputChannels;
        var o = i / inputChannels % outputChannels;
        var tap = taps - 1 - i / inputChannels / outputChannels;
        mirrored[i] = weight[(tap * inputChannels + c) * outputChannels + o];
    }

    /// <summary>Threads along the edge of a group, as a type: a constant of the compiled kernel.</summary>
    public interface IThreads
    {
        /// <summary>The number.</summary>
        int Edge { get; }
    }

    /// <summary>16 x 16 threads.</summary>
    public readonly struct Wide : IThreads
    {
        public const int Count = 16;

        public int Edge => Count;
    }

    /// <summary>4 x 4 threads.</summary>
    public readonly struct Narrow : IThreads
    {
        public const int Count = 4;

        public int Edge => Count;
    }

    /// <summary>Four values, loaded at once.</summary>
    public struct Four
    {
        public float X;
        public float Y;
        public float Z;
        public float W;
    }

    /// <summary>Where the kernel window of an output voxel begins in the input.</summary>
    public struct Voxel
    {
        public int FirstSlice;
        public int D;
        public int H;
        public int W;

        /// <summary>Voxel <paramref name="index"/>; one beyond the last has no input.</summary>
        public static Voxel Of(int index, TensorShape output, ConvolutionShape shape, int end)
        {
            var w = index % output.W;
            var h = index / output.W % output.H;
            var slice = index / output.W / output.H;
            Voxel v;
            v.FirstSlice = slice / output.D * shape.Input.D;
            v.D = index < end ? slice % output.D - shape.PaddingD : shape.Input.D;
            v.H = h - shape.PaddingH;
            v.W = w - shape.PaddingW;
            return v;
        }

        /// <summary>Input at a tap, 0 outside the image.</summary>
        public readonly float Load(ArrayView<float> x, TensorShape input, Tap tap, int channels)
        {
            var (d, h, w) = (D + tap.D, H + tap.H, W + tap.W);

            // Three unsigned comparisons and one branch.
            return ((uint)d < (uint)input.D) & ((uint)h < (uint)input.H) & ((uint)w < (uint)input.W)
                ? x[(((FirstSlice + d) * input.H + h) * input.W + w) * channels + tap.Channel]
                : 0;
        }
    }

    /// <summary>One term of the sum: a position in the kernel window and an input channel.</summary>
    public struct Tap
    {
        public int D;
        public int H;
        public int W;
        public int Channel;

        /// <summary>Term <paramref name="index"/>; one beyond the last has no input.</summary>
        public static Tap Of(int index, ConvolutionShape shape, int terms)
        {
            var position = index / shape.InputChannels;
            Tap tap;
            tap.D = index < terms ? position / shape.KernelW / shape.KernelH : shape.Input.D + shape.PaddingD;
            tap.H = position / shape.KernelW % shape.KernelH;
            tap.W = position % shape.KernelW;
            tap.Channel = index % shape.InputChannels;
            return tap;
        }
    }
}
