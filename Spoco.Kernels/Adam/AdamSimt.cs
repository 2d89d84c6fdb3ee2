using ILGPU;
using ILGPU.Algorithms;

namespace Spoco.Kernels.Primitives;

/// <summary>Adam on ILGPU devices: one thread per parameter.</summary>
internal static class AdamSimt
{
    public static void Step(
        Index1D i, ArrayView<float> p, ArrayView<float> g, ArrayView<float> m, ArrayView<float> v, ArrayView<float> q, AdamFactors f, int clear, int follow)
    {
        var parameter = p[i];
        var gradient = g[i] + f.Decay * parameter;
        var first = f.Keep1 * m[i] + f.Take1 * gradient;
        var second = f.Keep2 * v[i] + f.Take2 * (gradient * gradient);
        m[i] = first;
        v[i] = second;
        parameter -= f.Rate * (first / (XMath.Sqrt(second) * f.Root + f.Epsilon));
        p[i] = parameter;
        if (follow != 0)
            q[i] = f.Follow.Apply(q[i], parameter);
        if (clear != 0)
            g[i] = 0;
    }
}
