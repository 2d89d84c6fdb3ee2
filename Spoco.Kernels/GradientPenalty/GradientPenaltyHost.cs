using System.Numerics;

namespace Spoco.Kernels.Primitives;

/// <summary>The gradient penalty on the host: a worker takes whole images; norms in double precision.</summary>
internal sealed unsafe class GradientPenaltyHost : GradientPenaltyAlgorithm
{
    /// <inheritdoc/>
    public override string Name => "host";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in long values) => device.OnHost;

    /// <inheritdoc/>
    public override void Mix(DeviceBuffer<float> a, DeviceBuffer<float> b, DeviceBuffer<float> epsilon, DeviceBuffer<float> y) =>
        Run(epsilon, y.Length, new MixBody(a.HostAddress, b.HostAddress, epsilon.HostAddress, y.HostAddress, y.Length / epsilon.Length));

    /// <inheritdoc/>
    public override void Direction(DeviceBuffer<float> gradient, DeviceBuffer<float> norms, DeviceBuffer<float> direction, float factor) =>
        Run(norms, gradient.Length, new DirectionBody(gradient.HostAddress, norms.HostAddress, direction.HostAddress, gradient.Length / norms.Length, factor));

    private static void Run<TBody>(DeviceBuffer<float> images, long length, TBody body) where TBody : struct, IParallelBody =>
        images.Device.Host.Workers.Run(checked((int)images.Length), body, RowLaunch.MinimumPerWorker(length / images.Length));

    private readonly struct MixBody(float* a, float* b, float* epsilon, float* y, long length) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            var lanes = Vector<float>.Count;
            for (var n = from; n < until; n++)
            {
                var (first, last) = (n * length, (n + 1) * length);
                var (e, rest) = (epsilon[n], 1 - epsilon[n]);
                var i = first;
                for (; i + lanes <= last; i += lanes)
                    (e * Vector.Load(a + i) + rest * Vector.Load(b + i)).Store(y + i);
                for (; i < last; i++)
                    y[i] = e * a[i] + rest * b[i];
            }
        }
    }

    private readonly struct DirectionBody(float* gradient, float* norms, float* direction, long length, float factor) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            var lanes = Vector<float>.Count;
            for (var n = from; n < until; n++)
            {
                var (first, last) = (n * length, (n + 1) * length);
                var squares = Vector<double>.Zero;
                var i = first;
                for (; i + lanes <= last; i += lanes)
                {
                    Vector.Widen(Vector.Load(gradient + i), out var low, out var high);
                    squares += low * low + high * high;
                }

                var sum = Vector.Sum(squares);
                for (; i < last; i++)
                    sum += (double)gradient[i] * gradient[i];
                var norm = Math.Sqrt(sum);
                norms[n] = (float)norm;
                var scale = norm > 0 ? (float)(2 * factor * (norm - 1) / norm) : 0;
                for (i = first; i + lanes <= last; i += lanes)
                    (scale * Vector.Load(gradient + i)).Store(direction + i);
                for (; i < last; i++)
                    direction[i] = scale * gradient[i];
            }
        }
    }
}
