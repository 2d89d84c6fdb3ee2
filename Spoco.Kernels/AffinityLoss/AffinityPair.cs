using ILGPU.Algorithms;

namespace Spoco.Kernels.Primitives;

/// <summary>What the affinity loss does along one axis and with one pair; shared by the host and the ILGPU kernels.</summary>
internal static class AffinityPair
{
    /// <summary>Position of the partner along an axis of n pixels.</summary>
    public static int Partner(int position, int offset, int n) => XMath.Min(XMath.Max(position + offset, 0), n - 1);

    /// <summary>First of the positions whose partner is <paramref name="position"/>: on the border there may be several, or none (First >
    /// Last).</summary>
    public static int First(int position, int offset, int n) => position == 0 ? 0 : XMath.Max(position - offset, 0);

    /// <summary>Last of the positions whose partner is <paramref name="position"/>.</summary>
    public static int Last(int position, int offset, int n) => position == n - 1 ? n - 1 : XMath.Min(position - offset, n - 1);

    /// <summary>(f b + g a) (da/dd) / d: the factor of e_i - e_j in the gradient of e_i; 0 at distance 0.</summary>
    public static float Weight(float distance, float reach, float b, float f, float g)
    {
        var closeness = EdgeWeight.Closeness(distance, reach);
        return distance > 0 ? (f * b + g * (1 - closeness * closeness)) * 2 * closeness / (reach * distance) : 0f;
    }
}
