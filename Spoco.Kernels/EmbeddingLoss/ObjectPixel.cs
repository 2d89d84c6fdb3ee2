using ILGPU.Algorithms;

namespace Spoco.Kernels.Primitives;

/// <summary>One pixel and one object in an ILGPU kernel.</summary>
/// <param name="IsOwn">Whether the pixel is the object's.</param>
/// <param name="X">Falloff d^2.</param>
/// <param name="Mask">p = exp(-x).</param>
/// <param name="Pull">max(d - delta_v, 0) of an own pixel, else 0.</param>
/// <param name="Push">max(delta_d - d, 0) of an unlabelled pixel, else 0.</param>
/// <param name="FixedWeight">The weight in the gradient without that of a Dice, whose factors depend on sums.</param>
internal readonly record struct ObjectPixel(bool IsOwn, float X, float Mask, float Pull, float Push, float FixedWeight)
{
    /// <summary>Object <paramref name="k"/> of an image, and a pixel of <paramref name="owner"/> at the squared distance <paramref name="x"/> from it.</summary>
    public static ObjectPixel Of(EmbeddingLossViews v, ImageCentres image, int k, int owner, float x)
    {
        var own = owner - image.FirstOwner == k;
        var free = owner == image.UnlabelledOwner && v.Terms.UnlabelledPush != 0;
        var d = XMath.Sqrt(x);
        x *= v.Terms.Falloff;
        var p = XMath.Exp(-x);
        var factors = v.ObjectFactors[image.FirstObject + k];
        var pull = own ? XMath.Max(d - v.Terms.PullMargin, 0f) : 0f;
        var push = free && !own ? XMath.Max(v.Terms.PushMargin - d, 0f) : 0f;
        var weight = d > 0 ? (factors.Pull * pull + factors.UnlabelledPush * push) / d : 0f;
        if (v.Terms.Instance == MaskLoss.CrossEntropy)
            weight += factors.CrossEntropy * SoftMask.CrossEntropySlope(x, p, own ? SoftMask.Complement(x, p) : -p);
        return new ObjectPixel(own, x, p, pull, push, weight);
    }
}
