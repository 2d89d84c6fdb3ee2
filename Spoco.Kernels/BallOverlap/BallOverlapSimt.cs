using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>What the kernel of <see cref="BallOverlapSimt"/> reads.</summary>
/// <param name="Shape">Pixels and balls.</param>
/// <param name="Square">What squared distances have to be below.</param>
/// <param name="Strip">Pixels that a group of threads goes through.</param>
/// <param name="Zero">0, which no compiler knows.</param>
/// <param name="Embeddings">[pixels, channels].</param>
/// <param name="Labels">Object of every pixel.</param>
/// <param name="Anchors">Pixel of every ball.</param>
internal readonly record struct BallOverlapViews(
    BallOverlapShape Shape, float Square, int Strip, uint Zero, ArrayView<float> Embeddings, ArrayView<int> Labels, ArrayView<int> Anchors);

/// <summary>
/// Balls on ILGPU devices: a thread per ball, which counts in registers; the pixels of a strip come through shared memory, tile by tile, and every component of an anchor is used for four
/// of them. Strips add to the counts atomically: integers, in any order the same.
/// </summary>
internal sealed class BallOverlapSimt : BallOverlapAlgorithm
{
    private const int TileValues = 2048;
    private const int TilePixels = 256;
    private const int Together = 4;
    private const int Groups = 2048;
    private const int LeastStrip = 1024;

    /// <inheritdoc/>
    public override string Name => "balls";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in BallOverlapShape shape) => !device.OnHost;

    /// <inheritdoc/>
    public override void Count(
        BallOverlapShape shape, DeviceBuffer<float> embeddings, DeviceBuffer<int> labels, DeviceBuffer<int> anchors, float square, DeviceBuffer<int> within,
        DeviceBuffer<int> ofObject)
    {
        var gpu = within.Device.Ilgpu;
        var threads = GroupSum.Size(gpu);
        var rows = (shape.Balls - 1) / threads + 1;
        var strip = (int)Math.Clamp((long)shape.Pixels * rows / Groups, LeastStrip, shape.Pixels + LeastStrip);
        var strips = (shape.Pixels - 1) / strip + 1;
        gpu.Kernel(static d => d.LoadStreamKernel<BallOverlapViews, ArrayView<int>, ArrayView<int>>(CountKernel))(
            (IlgpuDevice.Extent((long)rows * strips, nameof(BallOverlap)), threads),
            new BallOverlapViews(shape, square, strip, 0, embeddings.View, labels.View, anchors.View), within.View, ofObject.View);
    }

    private static void CountKernel(BallOverlapViews v, ArrayView<int> within, ArrayView<int> ofObject)
    {
        var tile = SharedMemory.Allocate1D<float>(TileValues);
        var owners = SharedMemory.Allocate1D<int>(TilePixels);
        var channels = v.Shape.Channels;
        var balls = v.Shape.Balls;
        var rows = (balls - 1) / Group.DimX + 1;
        // Threads beyond the last ball do as it does, and keep what they count.
        var ball = Grid.IdxX % rows * Group.DimX + Group.IdxX;
        var anchor = (long)v.Anchors[XMath.Min(ball, balls - 1)] * channels;
        var label = v.Shape.ObjectOf(XMath.Min(ball, balls - 1));
        var pixels = XMath.Min(TileValues / channels, TilePixels) / Together * Together;
        var until = XMath.Min((long)(Grid.IdxX / rows + 1) * v.Strip, v.Shape.Pixels);
        var all = 0;
        var own = 0;
        for (var first = (long)(Grid.IdxX / rows) * v.Strip; first < until; first += pixels)
        {
            var count = (int)XMath.Min(pixels, until - first);
            for (var i = Group.IdxX; i < count * channels; i += Group.DimX)
                tile[i] = v.Embeddings[first * channels + i];
            for (var i = Group.IdxX; i < count; i += Group.DimX)
                owners[i] = v.Labels[first + i];
            Group.Barrier();

            for (var p = 0; p < count; p += Together)
            {
                var s0 = 0f;
                var s1 = 0f;
                var s2 = 0f;
                var s3 = 0f;
                for (var c = 0; c < channels; c++)
                {
                    var a = v.Embeddings[anchor + c];
                    var at = p * channels + c;
                    s0 = AddSquare(tile[at] - a, s0, v.Zero);
                    s1 = AddSquare(tile[at + channels] - a, s1, v.Zero);
                    s2 = AddSquare(tile[at + 2 * channels] - a, s2, v.Zero);
                    s3 = AddSquare(tile[at + 3 * channels] - a, s3, v.Zero);
                }

                var n0 = IsWithin(s0, v.Square, p, count);
                var n1 = IsWithin(s1, v.Square, p + 1, count);
                var n2 = IsWithin(s2, v.Square, p + 2, count);
                var n3 = IsWithin(s3, v.Square, p + 3, count);
                all += n0 + n1 + n2 + n3;
                own += (owners[p] == label ? n0 : 0) + (owners[p + 1] == label ? n1 : 0) + (owners[p + 2] == label ? n2 : 0) + (owners[p + 3] == label ? n3 : 0);
            }

            Group.Barrier();
        }

        if (ball < balls)
        {
            Atomic.Add(ref within[ball], all);
            Atomic.Add(ref ofObject[ball], own);
        }
    }

    // Pixels beyond the last one of a tile are what was there before.
    private static int IsWithin(float sum, float square, int pixel, int count) => pixel < count && sum < square ? 1 : 0;

    // The product is rounded: what a compiler cannot see through it cannot fuse.
    private static float AddSquare(float d, float sum, uint zero) => sum + Interop.IntAsFloat(Interop.FloatAsInt(d * d) ^ zero);
}
