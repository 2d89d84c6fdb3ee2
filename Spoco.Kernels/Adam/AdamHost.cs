using System.Numerics;

namespace Spoco.Kernels.Primitives;

/// <summary>Adam on the host: one register at a time, each worker a contiguous range.</summary>
internal sealed unsafe class AdamHost : AdamAlgorithm
{
    /// <inheritdoc/>
    public override string Name => "host";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in long count) => device.OnHost;

    /// <inheritdoc/>
    public override void Step(
        DeviceBuffer<float> parameters, DeviceBuffer<float> gradients, DeviceBuffer<float> firstMoment, DeviceBuffer<float> secondMoment,
        DeviceBuffer<float> follower, in AdamFactors factors, bool clearGradients, DeviceBuffer<int> findings)
    {
        if (!findings.IsNull && findings.Span.ContainsAnyExcept(0))
            return;
        var registers = checked((int)((parameters.Length + Vector<float>.Count - 1) / Vector<float>.Count));
        parameters.Device.Host.Workers.Run(registers, new Body(parameters.HostAddress, gradients.HostAddress, firstMoment.HostAddress, secondMoment.HostAddress,
            follower.HostAddress, parameters.Length, factors, clearGradients), RowLaunch.MinimumPerWorker(Vector<float>.Count));
    }

    private readonly struct Body(float* p, float* g, float* m, float* v, float* q, long length, AdamFactors f, bool clear) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            var i = (long)from * Vector<float>.Count;
            var last = Math.Min((long)until * Vector<float>.Count, length);
            Vector<float> decay = new(f.Decay), beta1 = new(f.Beta1), oneMinusBeta1 = new(f.OneMinusBeta1);
            Vector<float> beta2 = new(f.Beta2), oneMinusBeta2 = new(f.OneMinusBeta2);
            Vector<float> rate = new(f.Rate), root = new(f.Root), epsilon = new(f.Epsilon);
            for (; i + Vector<float>.Count <= last; i += Vector<float>.Count)
            {
                var parameter = Vector.Load(p + i);
                var gradient = Vector.Load(g + i) + decay * parameter;
                var first = beta1 * Vector.Load(m + i) + oneMinusBeta1 * gradient;
                var second = beta2 * Vector.Load(v + i) + oneMinusBeta2 * (gradient * gradient);
                first.Store(m + i);
                second.Store(v + i);
                parameter -= rate * (first / (Vector.SquareRoot(second) * root + epsilon));
                parameter.Store(p + i);
                if (q is not null)
                    f.Follow.Apply(Vector.Load(q + i), parameter).Store(q + i);
                if (clear)
                    Vector<float>.Zero.Store(g + i);
            }

            for (; i < last; i++)
            {
                var gradient = g[i] + f.Decay * p[i];
                m[i] = f.Beta1 * m[i] + f.OneMinusBeta1 * gradient;
                v[i] = f.Beta2 * v[i] + f.OneMinusBeta2 * (gradient * gradient);
                p[i] -= f.Rate * (m[i] / (MathF.Sqrt(v[i]) * f.Root + f.Epsilon));
                if (q is not null)
                    q[i] = f.Follow.Apply(q[i], p[i]);
                if (clear)
                    g[i] = 0;
            }
        }
    }
}
