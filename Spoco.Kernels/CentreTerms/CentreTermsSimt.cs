using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Terms of clusters and anchors on ILGPU devices: a group per image, in which a thread has all to do with its own clusters, its own anchors and its own lines. What is summed over them is
/// added by the group.
/// </summary>
internal sealed class CentreTermsSimt : CentreTermsAlgorithm
{
    /// <summary>What is summed over the group: the terms in their order, and A and B of all objects.</summary>
    private const int Overlaps = (int)CentreTerm.Consistency + 1;
    private const int Squares = Overlaps + 1;
    private const int Kinds = Squares + 1;

    /// <inheritdoc/>
    public override string Name => "groups";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in EmbeddingLayout layout) => !device.OnHost;

    /// <inheritdoc/>
    public override void Evaluate(CentreTermsInputs inputs)
    {
        var (gpu, passes, sums) = (inputs.Values.Device.Ilgpu, inputs.Passes, inputs.Sums);
        var layout = passes.Layout;
        var views = new CentreTermsViews(
            passes.Terms, inputs.Weights, layout.Images, layout.Pixels, layout.Channels, sums.Objects.IsNull ? 0 : 1, inputs.Shift.IsNull ? 0 : 1,
            passes.Centres.Segments.Counts.View, passes.Means.View, sums.Objects.View, sums.Anchors.View, sums.Lines.View);
        gpu.Kernel(static d => d.LoadStreamKernel<
            CentreTermsViews, ArrayView<ImageCentres>, ArrayView<CentreFactors>, ArrayView<CentreFactors>, ArrayView<float>, ArrayView<float>, ArrayView<float>,
            ArrayView<float>, ArrayView<float>>(Kernel))(
            (layout.Images, GroupSum.Size(gpu)), views, passes.Centres.Images.View, passes.ObjectFactors.View, passes.AnchorFactors.View, passes.LineFactors.View,
            inputs.Shift.View, inputs.Values.View, inputs.Used.View, inputs.Remaining.View);
    }

    private static void Kernel(
        CentreTermsViews v, ArrayView<ImageCentres> images, ArrayView<CentreFactors> objectFactors, ArrayView<CentreFactors> anchorFactors, ArrayView<float> lineFactors,
        ArrayView<float> shift, ArrayView<float> values, ArrayView<float> used, ArrayView<float> remaining)
    {
        var sums = SharedMemory.Allocate1D<float>(Kinds * GroupSum.MaximalSize);
        var totals = SharedMemory.Allocate1D<float>(Kinds);
        var n = Grid.IdxX;
        var image = images[n];
        var own = sums.SubView(Group.IdxX, (Kinds - 1) * GroupSum.MaximalSize + 1);
        AddMeanTerms(v, image, shift, own);
        AddObjectTerms(v, image, objectFactors, own);
        var anchors = v.HasSums != 0 ? AnchorCover.Used(image, v.AnchorSums, v.Terms.LeastRemaining) : 0;
        AddAnchorTerms(v, n, image, anchors, anchorFactors, lineFactors, own);
        GroupSum.OfThreads(sums, Kinds, totals);
        var pooled = v.Terms.Instance == MaskLoss.Dice && v.Weights.AsReference != 0 && image.Instances > 0;
        for (var k = Group.IdxX; k <= (int)CentreTerm.Consistency; k += Group.DimX)
            values[k * v.Images + n] = pooled && k == (int)CentreTerm.Instance ? Dice(totals[Overlaps], totals[Squares]) : totals[k];
        for (var k = Group.IdxX; k < image.Clusters && pooled; k += Group.DimX)
        {
            var cluster = image.FirstCluster + k;
            if (k >= image.FirstInstance)
                objectFactors[cluster] = DiceFactors(v, objectFactors[cluster], totals[Overlaps], totals[Squares], v.Weights.Instance / v.Images);
        }

        if (v.HasShift != 0)
            FinishShift(v, image, objectFactors, shift);
        if (Group.IdxX > 0)
            return;
        var left = image.Unlabelled;
        for (var a = 0; a < anchors; a++)
        {
            left -= (int)v.AnchorSums[AnchorCover.Covered(image, a)];
            remaining[image.FirstAnchor + a] = left;
        }

        used[n] = anchors;
        images[n] = image.WithAnchors(anchors);
    }

    /// <summary>L_push and L_reg, and their gradient with respect to the means.</summary>
    private static void AddMeanTerms(CentreTermsViews v, ImageCentres image, ArrayView<float> shift, ArrayView<float> own)
    {
        var pairs = (float)image.Pulled * (image.Pulled - 1);
        var push = 0f;
        var regulariser = 0f;
        for (var k = Group.IdxX; k < image.Clusters; k += Group.DimX)
        {
            var row = (long)(image.FirstCluster + k) * v.Channels;
            var norm = v.Weights.Regulariser > 0 ? v.Distance(row, row, true) : 0f;
            regulariser += norm / image.Clusters;
            for (var c = 0; c < v.Channels && v.HasShift != 0; c++)
                shift[row + c] = norm > 0 ? v.Weights.Regulariser / (image.Clusters * norm * v.Images) * v.Means[row + c] : 0f;
            if (k < image.FirstPulled || v.Weights.Push == 0)
                continue;
            for (var l = image.FirstPulled; l < image.Clusters; l++)
            {
                var other = (long)(image.FirstCluster + l) * v.Channels;
                var distance = v.Distance(row, other, false);
                var hinge = 2 * v.Terms.PushMargin - distance;
                if (l == k || hinge <= 0)
                    continue;
                push += hinge * hinge / pairs;
                if (v.HasShift == 0 || distance == 0)
                    continue;
                var factor = -4 * hinge / distance * v.Weights.Push / pairs / v.Images;
                for (var c = 0; c < v.Channels; c++)
                    shift[row + c] += factor * (v.Means[row + c] - v.Means[other + c]);
            }
        }

        own[(int)CentreTerm.Push * GroupSum.MaximalSize] = push;
        own[(int)CentreTerm.Regulariser * GroupSum.MaximalSize] = regulariser;
    }

    /// <summary>L_pull, L_Upush and L_obj, and the factors of the objects.</summary>
    private static void AddObjectTerms(CentreTermsViews v, ImageCentres image, ArrayView<CentreFactors> factors, ArrayView<float> own)
    {
        var pull = 0f;
        var push = 0f;
        var instance = 0f;
        var overlaps = 0f;
        var squares = 0f;
        var isDice = v.Terms.Instance == MaskLoss.Dice;
        var scale = v.Weights.Instance / ((float)image.Instances * v.Images);
        for (var k = Group.IdxX; k < image.Clusters && v.HasSums != 0; k += Group.DimX)
        {
            var cluster = image.FirstCluster + k;
            var row = (long)cluster * v.Width;
            var count = (float)v.Counts[cluster];
            if (k >= image.FirstOwner && k >= image.FirstPulled && v.Weights.Pull > 0)
                pull += v.ObjectSums[row] / count / image.Pulled;
            if (k >= image.FirstOwner && k >= image.FirstPulled && image.Unlabelled > 0)
                push += v.ObjectSums[row + 1] / image.Unlabelled / image.Pulled;
            if (k < image.FirstOwner || k < image.FirstInstance || v.Terms.Instance == MaskLoss.None)
                continue;
            var overlap = v.ObjectSums[row + 2];
            var square = v.ObjectSums[row + 3] + count;
            overlaps += overlap;
            squares += square;
            if (isDice)
                factors[cluster] = DiceFactors(v, factors[cluster], overlap, square, scale);
            instance += (isDice ? Dice(overlap, square) : overlap / v.Pixels) / image.Instances;
        }

        own[(int)CentreTerm.Pull * GroupSum.MaximalSize] = pull;
        own[(int)CentreTerm.UnlabelledPush * GroupSum.MaximalSize] = push;
        own[(int)CentreTerm.Instance * GroupSum.MaximalSize] = instance;
        own[Overlaps * GroupSum.MaximalSize] = overlaps;
        own[Squares * GroupSum.MaximalSize] = squares;
    }

    /// <summary>L_Ucon over the anchors that are drawn while enough pixels remain, and the factors of anchors and lines.</summary>
    private static void AddAnchorTerms(
        CentreTermsViews v, int n, ImageCentres image, int anchors, ArrayView<CentreFactors> factors, ArrayView<float> lineFactors, ArrayView<float> own)
    {
        var consistency = 0f;
        var isDice = v.Terms.Consistency == MaskLoss.Dice;
        var entropy = 2 * v.Terms.Falloff * v.ConsistencyScale / ((float)XMath.Max(anchors, 1) * v.Pixels);
        for (var a = Group.IdxX; a < anchors && v.Terms.LineLength == 0; a += Group.DimX)
        {
            var row = (long)(image.FirstAnchor + a) * EmbeddingLoss.AnchorScalars;
            var overlap = v.AnchorSums[row];
            var square = v.AnchorSums[row + 1];
            var before = new CentreFactors(0, 0, entropy, 0, 0);
            factors[image.FirstAnchor + a] = isDice ? DiceFactors(v, before, overlap, square, v.ConsistencyScale / anchors) : before;
            consistency += (isDice ? Dice(overlap, square) : overlap / v.Pixels) / anchors;
        }

        var lines = v.LineSums.IntLength / 2 / v.Images;
        for (var i = Group.IdxX; i < lines && anchors > 0; i += Group.DimX)
        {
            var line = (long)n * lines + i;
            var ofLine = DiceFactors(v, new CentreFactors(0, 0, 0, 0, 0), v.LineSums[2 * line], v.LineSums[2 * line + 1], v.ConsistencyScale / lines);
            lineFactors[2 * line] = ofLine.Overlap;
            lineFactors[2 * line + 1] = ofLine.Square;
            consistency += Dice(v.LineSums[2 * line], v.LineSums[2 * line + 1]) / lines;
        }

        own[(int)CentreTerm.Consistency * GroupSum.MaximalSize] = consistency;
    }

    /// <summary>Adds what the masks do to the means, and writes the share of every pixel. A thread has the clusters that it had before.</summary>
    private static void FinishShift(CentreTermsViews v, ImageCentres image, ArrayView<CentreFactors> factors, ArrayView<float> shift)
    {
        for (var k = Group.IdxX; k < image.Clusters; k += Group.DimX)
        {
            var cluster = image.FirstCluster + k;
            var isCentre = v.HasSums != 0 && k >= image.FirstOwner;
            var vectors = (long)cluster * v.Width + EmbeddingLoss.ObjectScalars;
            for (var c = 0; c < v.Channels; c++)
            {
                var sum = isCentre ? v.ObjectSums[vectors + c] : 0f;
                if (isCentre && v.Terms.Instance == MaskLoss.Dice)
                    sum += factors[cluster].Overlap * v.ObjectSums[vectors + v.Channels + c] + factors[cluster].Square * v.ObjectSums[vectors + 2 * v.Channels + c];
                shift[(long)cluster * v.Channels + c] = (shift[(long)cluster * v.Channels + c] - sum) / v.Counts[cluster];
            }
        }
    }

    private static float Dice(float overlap, float square) => 1 - 2 * overlap / XMath.Max(square, (float)CentreTerms.DiceFloor);

    /// <summary>The factors of a Dice beside those there were.</summary>
    private static CentreFactors DiceFactors(CentreTermsViews v, CentreFactors before, float overlap, float square, float scale)
    {
        var denominator = XMath.Max(square, (float)CentreTerms.DiceFloor);
        return new CentreFactors(
            before.Pull, before.UnlabelledPush, before.CrossEntropy, scale * 4 * v.Terms.Falloff / denominator,
            square < (float)CentreTerms.DiceFloor ? 0f : scale * -8 * v.Terms.Falloff * overlap / (denominator * denominator));
    }
}
