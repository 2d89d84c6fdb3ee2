using System.Numerics;

namespace Spoco.Kernels.Primitives;

/// <summary>Reductions on the host: blocks of fixed length in single precision per lane, the blocks in double precision in their order.</summary>
internal sealed unsafe class ReductionHost : ReductionAlgorithm
{
    private const int Block = 8 * 1024;

    /// <inheritdoc/>
    public override string Name => "host";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in long count) => device.OnHost;

    /// <inheritdoc/>
    public override void Sum(DeviceBuffer<float> x, DeviceBuffer<float> y, double factor) => y.Span[0] = (float)(factor * OverBlocks(x, squares: false));

    /// <inheritdoc/>
    public override double SumOfSquares(DeviceBuffer<float> x) => OverBlocks(x, squares: true);

    /// <inheritdoc/>
    public override void Broadcast(DeviceBuffer<float> x, DeviceBuffer<float> y, double factor) => Elementwise.Fill(y, (float)(factor * x.Span[0]));

    /// <inheritdoc/>
    public override void NoteNonFinite(DeviceBuffer<float> x, DeviceBuffer<int> found, float largest) =>
        x.Device.Host.Workers.Run(Blocks(x.Length), new FiniteBody(x.HostAddress, x.Length, largest, found.HostAddress), RowLaunch.MinimumPerWorker(Block));

    private static double OverBlocks(DeviceBuffer<float> x, bool squares)
    {
        var host = x.Device.Host;
        var blocks = Blocks(x.Length);
        var partials = host.Allocate<double>(blocks, nameof(Reduction));
        using var memory = partials.Memory;
        if (squares)
            host.Workers.Run(blocks, new SquaresBody(x.HostAddress, x.Length, partials.HostAddress), RowLaunch.MinimumPerWorker(Block));
        else
            host.Workers.Run(blocks, new SumBody(x.HostAddress, x.Length, partials.HostAddress), RowLaunch.MinimumPerWorker(Block));
        var sum = 0.0;
        foreach (var partial in partials.Span)
            sum += partial;
        return sum;
    }

    private static int Blocks(long length) => checked((int)((length + Block - 1) / Block));

    private readonly struct SumBody(float* x, long length, double* partials) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            var lanes = Vector<float>.Count;
            for (var block = from; block < until; block++)
            {
                var i = (long)block * Block;
                var last = Math.Min(i + Block, length);
                Vector<float> s0 = default, s1 = default, s2 = default, s3 = default;
                for (; i + 4 * lanes <= last; i += 4 * lanes)
                {
                    s0 += Vector.Load(x + i);
                    s1 += Vector.Load(x + i + lanes);
                    s2 += Vector.Load(x + i + 2 * lanes);
                    s3 += Vector.Load(x + i + 3 * lanes);
                }

                Vector.Widen((s0 + s1) + (s2 + s3), out var low, out var high);
                var sum = Vector.Sum(low + high);
                for (; i < last; i++)
                    sum += x[i];
                partials[block] = sum;
            }
        }
    }

    /// <summary>In double precision throughout: a square overflows single precision from 1.8e19 on.</summary>
    private readonly struct SquaresBody(float* x, long length, double* partials) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            var lanes = Vector<float>.Count;
            for (var block = from; block < until; block++)
            {
                var i = (long)block * Block;
                var last = Math.Min(i + Block, length);
                Vector<double> s0 = default, s1 = default, s2 = default, s3 = default;
                for (; i + 2 * lanes <= last; i += 2 * lanes)
                {
                    Vector.Widen(Vector.Load(x + i), out var a, out var b);
                    Vector.Widen(Vector.Load(x + i + lanes), out var c, out var d);
                    s0 += a * a;
                    s1 += b * b;
                    s2 += c * c;
                    s3 += d * d;
                }

                var sum = Vector.Sum((s0 + s1) + (s2 + s3));
                for (; i < last; i++)
                    sum += (double)x[i] * x[i];
                partials[block] = sum;
            }
        }
    }

    private readonly struct FiniteBody(float* x, long length, float limit, int* found) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            var lanes = Vector<float>.Count;
            var largest = new Vector<float>(limit);
            for (var block = from; block < until && Volatile.Read(ref *found) == 0; block++)
            {
                var i = (long)block * Block;
                var last = Math.Min(i + Block, length);
                var finite = Vector<int>.AllBitsSet;
                for (; i + lanes <= last; i += lanes)
                    finite &= Vector.LessThanOrEqual(Vector.Abs(Vector.Load(x + i)), largest);
                var all = Vector.EqualsAll(finite, Vector<int>.AllBitsSet);
                for (; i < last; i++)
                    all &= MathF.Abs(x[i]) <= limit;
                if (!all)
                    Volatile.Write(ref *found, 1);
            }
        }
    }
}
