using System.Numerics;
using System.Runtime.CompilerServices;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Terms of the loss on one tile of pixels, each a loop of its own: what a centre's squared distances or soft masks sum up to, and the weights w_p
/// of the gradient sum_p w_p (e_p - centre). A row holds one number per pixel of the tile.
/// </summary>
internal static unsafe class TileTerms
{
    private static int Lanes
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector<float>.Count;
    }

    /// <summary>
    /// weights_p = Pull max(d - PullMargin, 0) / d for the object's own pixels, UnlabelledPush max(PushMargin - d, 0) / d for unlabelled ones, 0 where
    /// d = 0. Returns the sums of the squared hinges.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static (float Pull, float Push) Hinges(
        float* squares, int* owners, int owner, int unlabelledOwner, in EmbeddingLossTerms terms, in CentreFactors factors, float* weights)
    {
        Vector<float> pullMargin = new(terms.PullMargin), pushMargin = new(terms.PushMargin);
        Vector<float> pullFactor = new(factors.Pull), pushFactor = new(factors.UnlabelledPush);
        Vector<int> self = new(owner), unlabelled = new(unlabelledOwner);
        Vector<float> pullSum = default, pushSum = default;
        for (var p = 0; p < PixelTile.Pixels; p += Lanes)
        {
            var label = PixelTile.Read(owners + p);
            var own = Vector.AsVectorSingle(Vector.Equals(label, self));
            var free = Vector.AndNot(Vector.AsVectorSingle(Vector.Equals(label, unlabelled)), own);
            var d = Vector.SquareRoot(PixelTile.Read(squares + p));
            var pull = own & Vector.MaxNative(d - pullMargin, Vector<float>.Zero);
            var push = free & Vector.MaxNative(pushMargin - d, Vector<float>.Zero);
            pullSum = Vector.MultiplyAddEstimate(pull, pull, pullSum);
            pushSum = Vector.MultiplyAddEstimate(push, push, pushSum);
            var weight = Vector.MultiplyAddEstimate(pushFactor, push, pullFactor * pull) / d;
            Vector.ConditionalSelect(Vector.GreaterThan(d, Vector<float>.Zero), weight, Vector<float>.Zero).Store(weights + p);
        }

        return (Vector.Sum(pullSum), Vector.Sum(pushSum));
    }

    /// <summary>Dice of a mask p and the object's pixels: overlaps = p where owned, squares = p^2. Returns the sums of both.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static (float Overlap, float Square) ObjectDice(float* masks, int* owners, int owner, float* overlaps, float* squares)
    {
        var self = new Vector<int>(owner);
        Vector<float> overlapSum = default, squareSum = default;
        for (var p = 0; p < PixelTile.Pixels; p += Lanes)
        {
            var mask = PixelTile.Read(masks + p);
            var overlap = Vector.AsVectorSingle(Vector.Equals(PixelTile.Read(owners + p), self)) & mask;
            overlapSum += overlap;
            overlap.Store(overlaps + p);
            mask *= mask;
            squareSum += mask;
            mask.Store(squares + p);
        }

        return (Vector.Sum(overlapSum), Vector.Sum(squareSum));
    }

    /// <summary>weights += p (Overlap where owned + Square p).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void AddObjectDice(float* masks, int* owners, int owner, in CentreFactors factors, float* weights)
    {
        var self = new Vector<int>(owner);
        Vector<float> overlap = new(factors.Overlap), square = new(factors.Square);
        for (var p = 0; p < PixelTile.Pixels; p += Lanes)
        {
            var mask = PixelTile.Read(masks + p);
            var own = Vector.AsVectorSingle(Vector.Equals(PixelTile.Read(owners + p), self));
            var slope = Vector.MultiplyAddEstimate(square, mask, own & overlap);
            Vector.MultiplyAddEstimate(mask, slope, PixelTile.Read(weights + p)).Store(weights + p);
        }
    }

    /// <summary>Cross-entropy of a mask and the object's pixels: weights += factor times its slope. Returns its sum.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static float AddObjectCrossEntropy(float* squares, float* masks, int* owners, int owner, float falloff, float factor, float* weights)
    {
        var sum = Vector<float>.Zero;
        for (var p = 0; p < PixelTile.Pixels; p += Lanes)
        {
            var x = PixelTile.Read(squares + p) * falloff;
            var mask = PixelTile.Read(masks + p);
            var own = Vector.Equals(PixelTile.Read(owners + p), new Vector<int>(owner));
            var target = Vector.AsVectorSingle(own) & Vector<float>.One;
            sum += SoftMask.CrossEntropy(x, mask, target, Vector<float>.One - target);
            var difference = Vector.ConditionalSelect(own, SoftMask.Complement(x, mask), -mask);
            (PixelTile.Read(weights + p) + SoftMask.CrossEntropySlope(x, mask, difference) * factor).Store(weights + p);
        }

        return Vector.Sum(sum);
    }

    /// <summary>Sums of p q and p^2 + q^2 of the masks of an anchor.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static (float Overlap, float Square) AnchorDice(float* masks, float* targets)
    {
        // Six sums, none of which waits for another.
        Vector<float> overlap0 = default, overlap1 = default, mask0 = default, mask1 = default, target0 = default, target1 = default;
        for (var p = 0; p < PixelTile.Pixels; p += 2 * Lanes)
        {
            Vector<float> m0 = PixelTile.Read(masks + p), t0 = PixelTile.Read(targets + p);
            Vector<float> m1 = PixelTile.Read(masks + p + Lanes), t1 = PixelTile.Read(targets + p + Lanes);
            overlap0 = Vector.MultiplyAddEstimate(m0, t0, overlap0);
            overlap1 = Vector.MultiplyAddEstimate(m1, t1, overlap1);
            mask0 = Vector.MultiplyAddEstimate(m0, m0, mask0);
            mask1 = Vector.MultiplyAddEstimate(m1, m1, mask1);
            target0 = Vector.MultiplyAddEstimate(t0, t0, target0);
            target1 = Vector.MultiplyAddEstimate(t1, t1, target1);
        }

        return (Vector.Sum(overlap0 + overlap1), Vector.Sum(mask0 + mask1 + (target0 + target1)));
    }

    /// <summary>weights = p (overlap q + square p), with factors for every pixel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void AnchorDiceWeights(float* masks, float* targets, float* overlaps, float* squares, float* weights)
    {
        for (var p = 0; p < PixelTile.Pixels; p += Lanes)
        {
            var mask = PixelTile.Read(masks + p);
            var slope = Vector.MultiplyAddEstimate(PixelTile.Read(overlaps + p), PixelTile.Read(targets + p), PixelTile.Read(squares + p) * mask);
            (mask * slope).Store(weights + p);
        }
    }

    /// <summary>The same with one pair of factors. Returns whether any weight is not 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static bool AnchorDiceWeights(float* masks, float* targets, float overlap, float square, float* weights)
    {
        Vector<float> overlaps = new(overlap), squares = new(square), any = default;
        for (var p = 0; p < PixelTile.Pixels; p += Lanes)
        {
            var mask = PixelTile.Read(masks + p);
            var weight = mask * Vector.MultiplyAddEstimate(overlaps, PixelTile.Read(targets + p), squares * mask);
            any |= weight;
            weight.Store(weights + p);
        }

        return Vector.AsVectorInt32(any) != Vector<int>.Zero;
    }

    /// <summary>Sum of the cross-entropies of an anchor's mask p with its target q.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static float AnchorCrossEntropy(float* squares, float* masks, float* targetSquares, float* targets, float falloff)
    {
        var sum = Vector<float>.Zero;
        for (var p = 0; p < PixelTile.Pixels; p += Lanes)
        {
            var target = PixelTile.Read(targets + p);
            var restOfTarget = SoftMask.Complement(PixelTile.Read(targetSquares + p) * falloff, target);
            sum += SoftMask.CrossEntropy(PixelTile.Read(squares + p) * falloff, PixelTile.Read(masks + p), target, restOfTarget);
        }

        return Vector.Sum(sum);
    }

    /// <summary>weights = factor times the slope of the cross-entropy.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void AnchorCrossEntropyWeights(float* squares, float* masks, float* targetSquares, float falloff, float factor, float* weights)
    {
        var (rate, limit) = SoftMask.Falloff(falloff);
        for (var p = 0; p < PixelTile.Pixels; p += Lanes)
        {
            Vector<float> square = PixelTile.Read(squares + p), targetSquare = PixelTile.Read(targetSquares + p), mask = PixelTile.Read(masks + p);
            var x = square * falloff;
            var difference = SoftMask.Difference(x, mask, targetSquare * falloff, SoftMask.Mask(targetSquare, rate, limit));
            (SoftMask.CrossEntropySlope(x, mask, difference) * factor).Store(weights + p);
        }
    }

    /// <summary>
    /// Counts the unlabelled pixels nearer than the margin to an anchor, in f or in g, that no anchor before it has covered; they are struck from
    /// <paramref name="uncovered"/> (-1 = true).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static int Cover(float* squares, float* targetSquares, float margin, int* uncovered)
    {
        var limit = new Vector<float>(margin * margin);
        var covered = Vector<int>.Zero;
        for (var p = 0; p < PixelTile.Pixels; p += Lanes)
        {
            var free = PixelTile.Read(uncovered + p);
            var near = free & Vector.LessThan(Vector.MinNative(PixelTile.Read(squares + p), PixelTile.Read(targetSquares + p)), limit);
            covered -= near;
            Vector.AndNot(free, near).Store(uncovered + p);
        }

        return Vector.Sum(covered);
    }

    /// <summary>uncovered = -1 for the pixels of an owner, else 0. Returns their number.</summary>
    public static int Uncover(int* owners, int owner, int* uncovered)
    {
        var count = Vector<int>.Zero;
        for (var p = 0; p < PixelTile.Pixels; p += Lanes)
        {
            var own = Vector.Equals(PixelTile.Read(owners + p), new Vector<int>(owner));
            count -= own;
            own.Store(uncovered + p);
        }

        return Vector.Sum(count);
    }

    /// <summary>Adds p q and p^2 + q^2 of every pixel to a row each.</summary>
    public static void AddPixels(float* masks, float* targets, float* overlaps, float* squares)
    {
        for (var p = 0; p < PixelTile.Pixels; p += Lanes)
        {
            Vector<float> mask = PixelTile.Read(masks + p), target = PixelTile.Read(targets + p);
            (PixelTile.Read(overlaps + p) + mask * target).Store(overlaps + p);
            (PixelTile.Read(squares + p) + (mask * mask + target * target)).Store(squares + p);
        }
    }
}
