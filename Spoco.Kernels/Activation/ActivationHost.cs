using System.Numerics;
using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>Activation in place on values that another host kernel has just made and that are still in the cache.</summary>
internal static unsafe class ActivationHost
{
    public static void Apply(ActivationFunction function, float* y, int count)
    {
        switch (function.Kind)
        {
            case ActivationKind.LeakyRelu:
                Apply(new LeakyReluOperator(function.Slope), y, count);
                break;
            case ActivationKind.Elu:
                Apply(new EluOperator(function.Slope), y, count);
                break;
        }
    }

    private static void Apply<TOperator>(TOperator function, float* y, int count) where TOperator : unmanaged, IElementwiseOperator
    {
        var i = 0;
        for (; i + Vector<float>.Count <= count; i += Vector<float>.Count)
        {
            var v = Unsafe.Read<Vector<float>>(y + i);
            function.Apply(v, v).Store(y + i);
        }

        for (; i < count; i++)
            y[i] = function.Apply(y[i], y[i]);
    }
}
