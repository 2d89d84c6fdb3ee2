using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>A box of an image, copied into another image.</summary>
public static class Crop
{
    /// <summary>y = x in a box; y keeps its other voxels.</summary>
    /// <param name="from">Extents of x, [1, D, H, W, channels].</param>
    /// <param name="start">Where the box begins in x.</param>
    /// <param name="x">Values.</param>
    /// <param name="to">Extents of y, [1, D, H, W, channels].</param>
    /// <param name="target">Where the box begins in y.</param>
    /// <param name="y">Receives the box.</param>
    /// <param name="box">Extents of the box, [1, D, H, W, 1].</param>
    /// <exception cref="ArgumentException">The box is not within both, lengths do not fit, or the devices differ.</exception>
    public static unsafe void Copy(
        TensorShape from, PixelOffset start, DeviceBuffer<float> x, TensorShape to, PixelOffset target, DeviceBuffer<float> y, TensorShape box)
    {
        if (!IsWithin(from, start, box) || !IsWithin(to, target, box) || to.C != from.C || x.Length != from.Count || y.Length != to.Count || x.Device != y.Device)
            throw new ArgumentException($"Crop: the box {box} at {start} of {x.Length} values {from} does not fit {target} of {y.Length} values {to}.");
        if (y.Device is HostDevice host)
            host.Workers.Run(checked(box.D * box.H), new Body(from, start, x.HostAddress, to, target, y.HostAddress, box),
                RowLaunch.MinimumPerWorker((long)box.W * to.C));
        else
            ((IlgpuDevice)y.Device).Kernel(static d => d.LoadStreamKernel<
                TensorShape, PixelOffset, ArrayView<float>, TensorShape, PixelOffset, ArrayView<float>, TensorShape>(CopyKernel))(
                RowLaunch.Of((IlgpuDevice)y.Device, (long)box.D * box.H, (long)box.W * to.C, nameof(Crop)), from, start, x.View, to, target, y.View, box);
    }

    private static bool IsWithin(TensorShape image, PixelOffset start, TensorShape box) =>
        image.IsValid && box.IsValid && image.N == 1 && box is { N: 1, C: 1 } && start.Z >= 0 && start.Y >= 0 && start.X >= 0
        && start.Z <= image.D - box.D && start.Y <= image.H - box.H && start.X <= image.W - box.W;

    /// <summary>Number of the first value of a row of the box.</summary>
    private static long RowOf(TensorShape image, PixelOffset start, int z, int y) =>
        (((long)(z + start.Z) * image.H + y + start.Y) * image.W + start.X) * image.C;

    /// <summary>A group takes a row of the box.</summary>
    private static void CopyKernel(
        TensorShape from, PixelOffset start, ArrayView<float> x, TensorShape to, PixelOffset target, ArrayView<float> y, TensorShape box)
    {
        var source = RowOf(from, start, Grid.IdxX / box.H, Grid.IdxX % box.H);
        var result = RowOf(to, target, Grid.IdxX / box.H, Grid.IdxX % box.H);
        for (var i = Group.IdxX; i < box.W * to.C; i += Group.DimX)
            y[result + i] = x[source + i];
    }

    /// <summary>A worker takes rows of the box.</summary>
    private readonly unsafe struct Body(TensorShape from, PixelOffset start, float* x, TensorShape to, PixelOffset target, float* y, TensorShape box)
        : IParallelBody
    {
        public void Execute(int first, int until, int worker)
        {
            var bytes = (long)box.W * to.C * sizeof(float);
            for (var row = first; row < until; row++)
                Buffer.MemoryCopy(
                    x + RowOf(from, start, row / box.H, row % box.H), y + RowOf(to, target, row / box.H, row % box.H), bytes, bytes);
        }
    }
}
