using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>The squared distance of two embeddings. Priorities are defined by it: its rounding decides between edges of nearly equal priority.</summary>
internal static class EmbeddingDistance
{
    /// <summary>|a - b|^2 in float32, on the host.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Squared(ref float a, ref float b, int dimensions)
    {
        var sum = 0f;
        var i = 0;
        if (Vector512.IsHardwareAccelerated && dimensions >= 16)
        {
            var total = Vector512<float>.Zero;
            for (; i <= dimensions - 16; i += 16)
            {
                var d = Vector512.LoadUnsafe(ref a, (nuint)i) - Vector512.LoadUnsafe(ref b, (nuint)i);
                total += d * d;
            }
            sum = Vector512.Sum(total);
        }
        if (Vector256.IsHardwareAccelerated && dimensions - i >= 8)
        {
            var total = Vector256<float>.Zero;
            for (; i <= dimensions - 8; i += 8)
            {
                var d = Vector256.LoadUnsafe(ref a, (nuint)i) - Vector256.LoadUnsafe(ref b, (nuint)i);
                total += d * d;
            }
            sum += Vector256.Sum(total);
        }
        if (dimensions - i >= 4)
        {
            var total = Vector128<float>.Zero;
            for (; i <= dimensions - 4; i += 4)
            {
                var d = Vector128.LoadUnsafe(ref a, (nuint)i) - Vector128.LoadUnsafe(ref b, (nuint)i);
                total += d * d;
            }
            sum += Vector128.Sum(total);
        }
        for (; i < dimensions; i++)
        {
            var d = Unsafe.Add(ref a, i) - Unsafe.Add(ref b, i);
            sum += d * d;
        }
        return sum;
    }

    /// <summary>|a - b|^2 in float32, in kernels; a and b are numbers of first components.</summary>
    public static float Squared(ArrayView<float> embeddings, long a, long b, int dimensions)
    {
        var sum = 0f;
        for (var i = 0; i < dimensions; i++)
        {
            var d = embeddings[a + i] - embeddings[b + i];
            sum += d * d;
        }

        return sum;
    }
}
