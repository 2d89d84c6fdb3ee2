using System.Numerics;

namespace Spoco.Kernels.Primitives;

/// <summary>Activation in place on values that another host kernel has just made and that are still in the cache.</summary>
internal static unsafe class ActivationHost
{
    public static void Apply(ActivationFunction function, float* y, int count)
    {
        var i = 0;
        for (; i + Vector<float>.Count <= count; i += Vector<float>.Count)
            function.Apply(Vector.Load(y + i)).Store(y + i);
        for (; i < count; i++)
            y[i] = function.Apply(y[i]);
    }
}
