using System.Numerics;

namespace Spoco.Kernels.Primitives;

/// <summary>The affinity loss on the host: a worker takes rows of the batch.</summary>
internal sealed unsafe class AffinityLossHost : AffinityLossAlgorithm
{
    /// <summary>Sums per image and offset: ab, a^2, b^2.</summary>
    private const int Scalars = 3;

    /// <inheritdoc/>
    public override string Name => "host";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in TensorShape shape) => device.OnHost;

    /// <inheritdoc/>
    public override void Evaluate(AffinityLossInputs inputs, float weight, DeviceBuffer<float> values, DeviceBuffer<float> factors)
    {
        var (host, shape, length) = (values.Device.Host, inputs.Shape, Scalars * inputs.Offsets.Length);
        using var memory = host.Workspace(PartSums.Parts * length * sizeof(double));
        var sums = PartSums.Cleared(memory, PartSums.Parts * length);
        PartSums.Run(host, checked(shape.N * shape.D * shape.H), new SumsBody(
            shape, inputs.Embeddings.HostAddress, inputs.Channels, inputs.Owners.HostAddress, inputs.Offsets.HostAddress, inputs.OffsetsPerImage, inputs.Reach, sums, length));
        PartSums.Add(sums, length);
        var count = inputs.OffsetsPerImage;
        var scale = weight / ((double)count * shape.N);
        for (var n = 0; n < shape.N; n++)
        {
            var value = 0.0;
            for (var o = n * count; o < (n + 1) * count; o++)
            {
                var (overlap, square) = (sums[3 * o], Math.Max(sums[3 * o + 1] + sums[3 * o + 2], AffinityLoss.DiceFloor));
                factors.HostAddress[2 * o] = (float)(-2 * scale / square);
                factors.HostAddress[2 * o + 1] = square > AffinityLoss.DiceFloor ? (float)(4 * scale * overlap / (square * square)) : 0;
                value += (1 - 2 * overlap / square) / count;
            }

            values.HostAddress[n] = (float)value;
        }
    }

    /// <inheritdoc/>
    public override void AddGradient(AffinityLossInputs inputs, DeviceBuffer<float> factors, DeviceBuffer<float> gradient)
    {
        var shape = inputs.Shape;
        gradient.Device.Host.Workers.Run(checked(shape.N * shape.D * shape.H), new GradientBody(
            shape, inputs.Embeddings.HostAddress, inputs.Channels, inputs.Owners.HostAddress, inputs.Offsets.HostAddress, inputs.OffsetsPerImage, inputs.Reach,
            factors.HostAddress, gradient.HostAddress));
    }

    private readonly struct SumsBody(
        TensorShape shape, float* embeddings, int channels, int* owners, PixelOffset* offsets, int count, float reach, double* partials, long length)
        : IPartBody
    {
        public void Execute(int from, int until, int part, int worker)
        {
            for (var row = from; row < until; row++)
            {
                var (n, z, y) = (row / shape.H / shape.D, row / shape.H % shape.D, row % shape.H);
                for (var o = n * count; o < (n + 1) * count; o++)
                {
                    var partnerRow = ((long)n * shape.D + AffinityPair.Partner(z, offsets[o].Z, shape.D)) * shape.H
                        + AffinityPair.Partner(y, offsets[o].Y, shape.H);
                    double overlap = 0, squares = 0, different = 0;
                    for (var x = 0; x < shape.W; x++)
                    {
                        var i = (long)row * shape.W + x;
                        var j = partnerRow * shape.W + AffinityPair.Partner(x, offsets[o].X, shape.W);
                        var distance = MathF.Sqrt(EmbeddingDistance.Squared(ref embeddings[i * shape.C], ref embeddings[j * shape.C], channels));
                        var a = EdgeWeight.Of(distance, reach);
                        squares += a * a;
                        if (owners[i] == owners[j])
                            continue;
                        overlap += a;
                        different++;
                    }

                    var sums = partials + part * length + o * Scalars;
                    sums[0] += overlap;
                    sums[1] += squares;
                    sums[2] += different;
                }
            }
        }
    }

    /// <summary>A pixel collects what it gets as first pixel of a pair, and as partner: nobody else writes its gradient.</summary>
    private readonly struct GradientBody(
        TensorShape shape, float* embeddings, int channels, int* owners, PixelOffset* offsets, int count, float reach, float* factors,
        float* gradient)
        : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            for (var row = from; row < until; row++)
            {
                var (n, z, y) = (row / shape.H / shape.D, row / shape.H % shape.D, row % shape.H);
                for (var x = 0; x < shape.W; x++)
                {
                    var i = (long)row * shape.W + x;
                    for (var o = n * count; o < (n + 1) * count; o++)
                    {
                        var offset = offsets[o];
                        Add(i, Index(n, AffinityPair.Partner(z, offset.Z, shape.D), AffinityPair.Partner(y, offset.Y, shape.H),
                            AffinityPair.Partner(x, offset.X, shape.W)), o);
                        for (var pz = AffinityPair.First(z, offset.Z, shape.D); pz <= AffinityPair.Last(z, offset.Z, shape.D); pz++)
                        {
                            for (var py = AffinityPair.First(y, offset.Y, shape.H); py <= AffinityPair.Last(y, offset.Y, shape.H); py++)
                            {
                                for (var px = AffinityPair.First(x, offset.X, shape.W); px <= AffinityPair.Last(x, offset.X, shape.W); px++)
                                    Add(i, Index(n, pz, py, px), o);
                            }
                        }
                    }
                }
            }
        }

        private long Index(int n, int z, int y, int x) => (((long)n * shape.D + z) * shape.H + y) * shape.W + x;

        private void Add(long i, long j, int o)
        {
            var a = embeddings + i * shape.C;
            var b = embeddings + j * shape.C;
            var distance = MathF.Sqrt(EmbeddingDistance.Squared(ref *a, ref *b, channels));
            var weight = AffinityPair.Weight(distance, reach, owners[i] == owners[j] ? 0 : 1, factors[2 * o], factors[2 * o + 1]);
            if (weight == 0)
                return;
            var sum = gradient + i * shape.C;
            var c = 0;
            for (; c + Vector<float>.Count <= channels; c += Vector<float>.Count)
                (PixelTile.Read(sum + c) + weight * (PixelTile.Read(a + c) - PixelTile.Read(b + c))).Store(sum + c);
            for (; c < channels; c++)
                sum[c] += weight * (a[c] - b[c]);
        }
    }
}
