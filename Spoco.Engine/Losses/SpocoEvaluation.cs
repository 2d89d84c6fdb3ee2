using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine.Losses;

/// <summary>One evaluation of <see cref="SpocoLoss"/>: the order of the passes, and the small computations between them.</summary>
internal sealed class SpocoEvaluation : IDisposable
{
    /// <summary>Least denominator of a Dice.</summary>
    private const double DiceFloor = 1e-6;

    private readonly SpocoLossOptions _options;
    private readonly Tensor _embeddings;
    private readonly Tensor? _momentum;
    private readonly ComputeDevice _device;
    private readonly LabelBatch _labels;
    private readonly EmbeddingLayout _layout;
    private readonly EmbeddingLossTerms _kernelTerms;
    private readonly Holdings _holdings = new();
    private readonly ImageObjects[] _images;
    private readonly SpocoTerms[] _terms;
    private readonly CentreFactors[] _objectFactors;
    private readonly double[] _means;
    private readonly double[] _meanGradients;
    private readonly double _falloff;
    private readonly AnchorSet? _anchors;
    private readonly ImageCentres[] _centres;
    private readonly CentreFactors[] _anchorFactors;
    private readonly float[] _lineFactors;
    private readonly bool _anchorsGiven;
    private readonly PixelOffset[] _offsets = [];

    public SpocoEvaluation(Tensor embeddings, LabelBatch labels, SpocoLossOptions options, Tensor? momentum, int seed, SpocoDraws? draws)
    {
        _options = options;
        _embeddings = embeddings;
        _momentum = momentum;
        _device = embeddings.Device;
        _labels = labels;
        _layout = EmbeddingLayout.Of(embeddings.Shape, embeddings.Shape.C - (options.ForegroundChannel ? 1 : 0));
        _falloff = options.Falloff;
        var instance = options.InstanceWeight == 0 ? MaskLoss.None : options.InstanceLoss switch
        {
            InstanceLoss.Dice => MaskLoss.Dice,
            InstanceLoss.Bce => MaskLoss.CrossEntropy,
            _ => MaskLoss.None,
        };
        var unlabelledPush = options.Supervision == Supervision.Sparse && options.UnlabelledPushWeight > 0;
        _images = new ImageObjects[_layout.Images];
        var rows = 0;
        for (var n = 0; n < _images.Length; n++)
        {
            _images[n] = new ImageObjects(labels, n, rows, options, instance != MaskLoss.None);
            if (options.PullWeight > 0 || instance != MaskLoss.None || unlabelledPush)
                rows += _images[n].Rows;
        }

        _terms = new SpocoTerms[_images.Length];
        _means = new double[(long)labels.Clusters * Channels];
        _meanGradients = new double[_means.Length];
        _objectFactors = new CentreFactors[rows];
        _anchorsGiven = draws?.Anchors is not null;
        if (momentum is not null && options.ConsistencyWeight > 0)
            _anchors = draws?.Anchors is { } given
                ? AnchorSet.Given(_layout, embeddings, momentum, given)
                : AnchorSet.Draw(_layout, embeddings, momentum, labels, _images, options, seed);
        _anchorFactors = new CentreFactors[_anchors?.Count ?? 0];
        var consistency = _anchorFactors.Length == 0 ? MaskLoss.None
            : options.ReferenceCompatible && options.InstanceLoss == InstanceLoss.Bce ? MaskLoss.CrossEntropy : MaskLoss.Dice;
        var lineLength = consistency == MaskLoss.Dice && options.ReferenceCompatible
            ? embeddings.Shape.W * (embeddings.Shape.D > 1 ? embeddings.Shape.H : 1) : 0;
        _lineFactors = new float[lineLength == 0 ? 0 : 2 * _layout.Count / lineLength];
        if (options.InstanceLoss == InstanceLoss.Affinity)
            _offsets = draws?.Offsets is { } offsets ? [.. offsets.SelectMany(o => o)] : DrawOffsets(seed);
        _kernelTerms = new EmbeddingLossTerms(
            options.PullMargin, options.PushMargin, (float)_falloff, instance, consistency, unlabelledPush ? 1 : 0, lineLength);
        _centres = new ImageCentres[_images.Length];
        AnchorPixels = new int[_images.Length][];
        Remaining = new int[_images.Length][];
        var anchor = 0;
        for (var n = 0; n < _images.Length; n++)
        {
            AnchorPixels[n] = _anchors?.Pixels[n] ?? [];
            Remaining[n] = [];
            _centres[n] = _images[n].Centres(anchor, AnchorPixels[n].Length);
            if (rows == 0)
                _centres[n] = _centres[n] with { Objects = 0 };
            anchor += AnchorPixels[n].Length;
        }
    }

    /// <summary>Per image the pixels of the anchors in use, as indices into the image (after <see cref="Run"/>).</summary>
    public int[][] AnchorPixels { get; }

    /// <summary>Per image and anchor the unlabelled pixels that remain.</summary>
    public int[][] Remaining { get; }

    private int Channels => _layout.Channels;

    private bool NeedsMeans => _objectFactors.Length > 0 || _options.PushWeight > 0 || _options.RegulariserWeight > 0;

    /// <summary>Computes the loss and, where a tensor for it is given, its gradient.</summary>
    public (double Total, SpocoTerms[] Images) Run(Tensor? gradient)
    {
        var segments = _labels.On(_device);
        if (NeedsMeans)
            ComputeMeans(segments);
        for (var n = 0; n < _images.Length; n++)
            AddMeanTerms(n);
        var inputs = Upload(segments, gradient is not null);
        if (_objectFactors.Length + _anchorFactors.Length > 0)
            SumOverMasks(inputs, gradient?.Buffer ?? default);
        if (gradient is not null)
            WriteGradient(inputs, gradient);
        if (_options.InstanceLoss == InstanceLoss.Affinity && _options.InstanceWeight > 0)
            AddAffinities(segments, gradient);
        if (_options.ForegroundChannel)
            AddForeground(gradient);
        var weighted = 0.0;
        foreach (var t in _terms)
            weighted += Weighted(t);
        return (weighted, _terms);
    }

    /// <summary>Returns the pooled memory.</summary>
    public void Dispose() => _holdings.Dispose();

    private double Weighted(SpocoTerms t) =>
        (_options.PullWeight * t.Pull + _options.PushWeight * t.Push + _options.RegulariserWeight * t.Regulariser
            + _options.InstanceWeight * t.Instance + _options.UnlabelledPushWeight * t.UnlabelledPush
            + _options.ForegroundWeight * t.Foreground) / _images.Length
        + ConsistencyScale * t.Consistency;

    /// <summary>The reference sums L_Ucon over the batch and averages all else.</summary>
    private double ConsistencyScale => _options.ConsistencyWeight / (double)(_options.ReferenceCompatible ? 1 : _images.Length);

    private void ComputeMeans(PixelSegments segments)
    {
        var sums = Allocate<float>(_means.Length);
        Primitives.EmbeddingLoss.ClusterSums(_layout, _embeddings.Buffer, segments, sums);
        var values = sums.ToArray();
        for (var k = 0; k < _labels.Clusters; k++)
        {
            double count = _labels.Pixels(k).Length;
            for (var c = 0; c < Channels; c++)
                _means[k * Channels + c] = values[k * Channels + c] / count;
        }
    }

    /// <summary>L_push and L_reg: functions of the means alone.</summary>
    private void AddMeanTerms(int n)
    {
        var image = _images[n];
        var push = 0.0;
        var pairs = (double)image.Pulled * (image.Pulled - 1);
        for (var k = image.FirstPulled; k < image.EndCluster && _options.PushWeight > 0; k++)
        {
            for (var l = k + 1; l < image.EndCluster; l++)
            {
                var distance = Distance(k, l);
                var hinge = 2.0 * _options.PushMargin - distance;
                if (hinge <= 0)
                    continue;
                push += 2 * hinge * hinge / pairs;
                if (distance > 0)
                    AddDifference(k, l, -4 * hinge / distance * _options.PushWeight / pairs / _images.Length);
            }
        }

        var regulariser = 0.0;
        for (var k = image.FirstCluster; k < image.EndCluster && _options.RegulariserWeight > 0; k++)
        {
            var norm = Distance(k, -1);
            regulariser += norm / image.Clusters;
            for (var c = 0; c < Channels && norm > 0; c++)
                _meanGradients[k * Channels + c] += _options.RegulariserWeight / (image.Clusters * norm * _images.Length) * _means[k * Channels + c];
        }

        _terms[n] = _terms[n] with { Push = push, Regulariser = regulariser };
    }

    /// <summary>|mu_k - mu_l|, or |mu_k| for l = -1.</summary>
    private double Distance(int k, int l)
    {
        var sum = 0.0;
        for (var c = 0; c < Channels; c++)
        {
            var difference = _means[k * Channels + c] - (l < 0 ? 0 : _means[l * Channels + c]);
            sum += difference * difference;
        }

        return Math.Sqrt(sum);
    }

    /// <summary>Adds a term factor |mu_k - mu_l| d|mu_k - mu_l| to the gradient of both means.</summary>
    private void AddDifference(int k, int l, double factor)
    {
        for (var c = 0; c < Channels; c++)
        {
            var difference = factor * (_means[k * Channels + c] - _means[l * Channels + c]);
            _meanGradients[k * Channels + c] += difference;
            _meanGradients[l * Channels + c] -= difference;
        }
    }

    private EmbeddingLossInputs Upload(PixelSegments segments, bool gradient)
    {
        for (var n = 0; n < _images.Length && _objectFactors.Length > 0; n++)
        {
            var image = _images[n];
            for (var k = image.FirstRowCluster; k < image.EndCluster; k++)
            {
                var pulled = k >= image.FirstPulled;
                _objectFactors[image.Row(k)] = new CentreFactors(
                    pulled ? (float)(2.0 * _options.PullWeight / ((double)image.Pulled * _labels.Pixels(k).Length * _images.Length)) : 0,
                    pulled && image.HasZero
                        ? (float)(-2.0 * _options.UnlabelledPushWeight / ((double)image.Pulled * image.Unlabelled * _images.Length)) : 0,
                    k >= image.FirstInstance
                        ? (float)(2 * _falloff * _options.InstanceWeight / ((double)image.Instances * _layout.Pixels * _images.Length)) : 0,
                    0, 0);
            }
        }

        for (var n = 0; n < _images.Length; n++)
        {
            var scale = 2 * _falloff * ConsistencyScale / ((double)_centres[n].Anchors * _layout.Pixels);
            _anchorFactors.AsSpan(_centres[n].FirstAnchor, _centres[n].Anchors).Fill(new CentreFactors(0, 0, (float)scale, 0, 0));
        }

        var means = new float[_objectFactors.Length * Channels];
        for (var n = 0; n < _images.Length && means.Length > 0; n++)
        {
            for (var i = 0; i < _images[n].Rows * Channels; i++)
                means[_images[n].FirstRow * Channels + i] = (float)_means[_images[n].FirstRowCluster * Channels + i];
        }

        return new EmbeddingLossInputs
        {
            Terms = _kernelTerms,
            Layout = _layout,
            Embeddings = _embeddings.Buffer,
            MomentumLayout = _layout,
            MomentumEmbeddings = _anchorFactors.Length > 0 ? _momentum!.Buffer : default,
            Centres = _holdings.Add(CentreTable.Upload(_layout, segments, _centres, AnchorPixels.SelectMany(p => p).ToArray())),
            Objects = Upload(means),
            ObjectFactors = Upload(_objectFactors),
            Anchors = Upload(_anchors?.Embeddings ?? []),
            MomentumAnchors = Upload(_anchors?.MomentumEmbeddings ?? []),
            AnchorFactors = Upload(_anchorFactors),
            LineFactors = Allocate<float>(_lineFactors.Length),
            // For as many anchors as there may ever be: a step in steady state takes no memory that another one did not.
            KeptMasks = gradient && _anchors is not null
                ? Allocate<float>(Primitives.EmbeddingLoss.KeptLength(_device, _layout, Math.Max(_options.MaximalAnchors, _centres.Max(c => c.Anchors)))) : default,
        };
    }

    private void SumOverMasks(EmbeddingLossInputs inputs, DeviceBuffer<float> gradient)
    {
        var width = Primitives.EmbeddingLoss.ObjectWidth(Channels, !gradient.IsNull);
        var (objectLength, anchorLength) = (_objectFactors.Length * width, _anchorFactors.Length * Primitives.EmbeddingLoss.AnchorScalars);
        // One behind the other: a GPU is waited for once.
        var sums = Allocate<float>((long)objectLength + anchorLength + _lineFactors.Length);
        var (objects, anchors) = (sums.Slice(0, objectLength), sums.Slice(objectLength, anchorLength));
        var lines = sums.Slice(objectLength + anchorLength, _lineFactors.Length);
        Primitives.EmbeddingLoss.Sums(inputs, gradient, objects, anchors, lines);
        var values = sums.ToArray();
        if (DropAnchors(values.AsSpan(objectLength, anchorLength)))
        {
            inputs.Centres.Update(_centres);
            if (_lineFactors.Length > 0)
            {
                Primitives.EmbeddingLoss.Sums(inputs, gradient, objects, anchors, lines);
                values = sums.ToArray();
            }
        }

        ReadOnlySpan<float> objectSums = values.AsSpan(0, objectLength);
        ReadOnlySpan<float> anchorSums = values.AsSpan(objectLength, anchorLength);
        ReadOnlySpan<float> lineSums = values.AsSpan(objectLength + anchorLength);
        for (var n = 0; n < _images.Length; n++)
        {
            if (_objectFactors.Length > 0)
                AddObjectTerms(n, objectSums, width);
            if (_centres[n].Anchors > 0)
                AddConsistency(n, anchorSums, lineSums);
        }

        if (gradient.IsNull)
            return;
        for (var n = 0; n < _images.Length && _objectFactors.Length > 0; n++)
            AddMaskGradients(_images[n], objectSums, width);
        inputs.ObjectFactors.CopyFrom(_objectFactors);
        inputs.AnchorFactors.CopyFrom(_anchorFactors);
        inputs.LineFactors.CopyFrom(_lineFactors);
    }

    /// <summary>Counts the pixels that each anchor leaves, and drops drawn anchors beyond the point where too few are left.</summary>
    private bool DropAnchors(ReadOnlySpan<float> sums)
    {
        var dropped = false;
        for (var n = 0; n < _images.Length; n++)
        {
            var left = _images[n].Unlabelled;
            var counts = new List<int>();
            for (var a = 0; a < _centres[n].Anchors; a++)
            {
                if (!_anchorsGiven && left < _options.RemainingFraction * _layout.Pixels)
                    break;
                left -= (int)sums[(_centres[n].FirstAnchor + a) * Primitives.EmbeddingLoss.AnchorScalars + 2];
                counts.Add(left);
            }

            var first = n * _layout.Pixels;
            dropped |= counts.Count < _centres[n].Anchors;
            _centres[n] = _centres[n] with { Anchors = counts.Count };
            AnchorPixels[n] = [.. AnchorPixels[n].Take(counts.Count).Select(p => p - first)];
            Remaining[n] = [.. counts];
        }

        return dropped;
    }

    private void AddObjectTerms(int n, ReadOnlySpan<float> sums, int width)
    {
        var image = _images[n];
        double pull = 0, push = 0, instance = 0, pooledOverlap = 0, pooledSquare = 0;
        for (var k = image.FirstRowCluster; k < image.EndCluster; k++)
        {
            var row = sums.Slice(image.Row(k) * width, Primitives.EmbeddingLoss.ObjectScalars);
            double count = _labels.Pixels(k).Length;
            if (k >= image.FirstPulled && _options.PullWeight > 0)
                pull += row[0] / count / image.Pulled;
            if (k >= image.FirstPulled && image.Unlabelled > 0)
                push += (double)row[1] / image.Unlabelled / image.Pulled;
            if (k < image.FirstInstance)
                continue;
            if (_kernelTerms.Instance == MaskLoss.CrossEntropy)
            {
                instance += row[2] / ((double)image.Instances * _layout.Pixels);
            }
            else if (_kernelTerms.Instance == MaskLoss.Dice)
            {
                pooledOverlap += row[2];
                pooledSquare += row[3] + count;
                if (_options.ReferenceCompatible)
                    continue;
                var scale = _options.InstanceWeight / ((double)image.Instances * _images.Length);
                instance += Dice(row[2], row[3] + count, scale, ref _objectFactors[image.Row(k)]) / image.Instances;
            }
        }

        if (_kernelTerms.Instance == MaskLoss.Dice && _options.ReferenceCompatible && image.Instances > 0)
        {
            var factors = default(CentreFactors);
            instance = Dice(pooledOverlap, pooledSquare, _options.InstanceWeight / (double)_images.Length, ref factors);
            for (var k = image.FirstInstance; k < image.EndCluster; k++)
                _objectFactors[image.Row(k)] = _objectFactors[image.Row(k)] with { Overlap = factors.Overlap, Square = factors.Square };
        }

        _terms[n] = _terms[n] with { Pull = pull, UnlabelledPush = push, Instance = instance };
    }

    private void AddConsistency(int n, ReadOnlySpan<float> sums, ReadOnlySpan<float> lineSums)
    {
        var centres = _centres[n];
        var consistency = 0.0;
        for (var a = 0; a < centres.Anchors && _lineFactors.Length == 0; a++)
        {
            var row = sums.Slice((centres.FirstAnchor + a) * Primitives.EmbeddingLoss.AnchorScalars, 2);
            consistency += _kernelTerms.Consistency == MaskLoss.CrossEntropy
                ? row[0] / ((double)centres.Anchors * _layout.Pixels)
                : Dice(row[0], row[1], ConsistencyScale / centres.Anchors, ref _anchorFactors[centres.FirstAnchor + a]) / centres.Anchors;
        }

        var lines = _lineFactors.Length / 2 / _images.Length;
        for (var line = n * lines; line < (n + 1) * lines; line++)
        {
            var factors = default(CentreFactors);
            consistency += Dice(lineSums[2 * line], lineSums[2 * line + 1], ConsistencyScale / lines, ref factors) / lines;
            _lineFactors[2 * line] = factors.Overlap;
            _lineFactors[2 * line + 1] = factors.Square;
        }

        _terms[n] = _terms[n] with { Consistency = consistency };
    }

    /// <summary>
    /// 1 - 2A / B, and its factors: with p = exp(-falloff |e - a|^2), dDice/de = (4 falloff / B q p - 8 falloff A / B^2 p^2) (e - a).
    /// </summary>
    private double Dice(double overlap, double square, double scale, ref CentreFactors factors)
    {
        var denominator = Math.Max(square, DiceFloor);
        factors = factors with
        {
            Overlap = (float)(scale * 4 * _falloff / denominator),
            Square = square < DiceFloor ? 0 : (float)(scale * -8 * _falloff * overlap / (denominator * denominator)),
        };
        return 1 - 2 * overlap / denominator;
    }

    /// <summary>dL/dmu_k -= sum_i weight(e_i, mu_k) (e_i - mu_k), from the vectors of the second pass.</summary>
    private void AddMaskGradients(ImageObjects image, ReadOnlySpan<float> sums, int width)
    {
        for (var k = image.FirstRowCluster; k < image.EndCluster; k++)
        {
            var vectors = image.Row(k) * width + Primitives.EmbeddingLoss.ObjectScalars;
            var factors = _objectFactors[image.Row(k)];
            for (var c = 0; c < Channels; c++)
            {
                var sum = (double)sums[vectors + c];
                if (_kernelTerms.Instance == MaskLoss.Dice)
                    sum += (double)factors.Overlap * sums[vectors + Channels + c] + (double)factors.Square * sums[vectors + 2 * Channels + c];
                _meanGradients[k * Channels + c] -= sum;
            }
        }
    }

    private void WriteGradient(EmbeddingLossInputs inputs, Tensor gradient)
    {
        var shift = new float[_meanGradients.Length];
        for (var k = 0; k < _labels.Clusters; k++)
        {
            double count = _labels.Pixels(k).Length;
            for (var c = 0; c < Channels; c++)
                shift[k * Channels + c] = (float)(_meanGradients[k * Channels + c] / count);
        }

        Primitives.EmbeddingLoss.Gradient(inputs, Upload(shift), gradient.Buffer);
    }

    /// <summary>L_obj by affinities: 1 - the mean over the offsets of a Dice.</summary>
    private void AddAffinities(PixelSegments segments, Tensor? gradient)
    {
        var count = _offsets.Length / _images.Length;
        var offsets = Upload(_offsets);
        var sums = Allocate<float>((long)_offsets.Length * Primitives.AffinityLoss.Scalars);
        Primitives.AffinityLoss.Sums(_embeddings.Shape, _embeddings.Buffer, Channels, segments.Owners, offsets, _options.PushMargin, sums);
        var values = sums.ToArray();
        var factors = new float[2 * _offsets.Length];
        for (var o = 0; o < _offsets.Length; o++)
        {
            double overlap = values[3 * o], square = Math.Max((double)values[3 * o + 1] + values[3 * o + 2], DiceFloor);
            var scale = _options.InstanceWeight / ((double)count * _images.Length);
            factors[2 * o] = (float)(-2 * scale / square);
            factors[2 * o + 1] = square > DiceFloor ? (float)(4 * scale * overlap / (square * square)) : 0;
            var n = o / count;
            _terms[n] = _terms[n] with { Instance = _terms[n].Instance + (1 - 2 * overlap / square) / count };
        }

        if (gradient is not null)
            Primitives.AffinityLoss.AddGradient(
                _embeddings.Shape, _embeddings.Buffer, Channels, segments.Owners, offsets, _options.PushMargin, Upload(factors), gradient.Buffer);
    }

    private PixelOffset[] DrawOffsets(int seed)
    {
        var random = new RandomSource(seed);
        var offsets = new PixelOffset[_images.Length * _options.AffinityOffsets];
        var shape = _embeddings.Shape;
        for (var o = 0; o < offsets.Length; o++)
            offsets[o] = new PixelOffset(Step(shape.D), Step(shape.H), Step(shape.W));
        return offsets;

        int Step(int extent) => extent > 1 ? -1 - random.NextInt(_options.AffinityRange) : 0;
    }

    private void AddForeground(Tensor? gradient)
    {
        if (_options.Supervision == Supervision.Sparse)
        {
            var value = PositiveUnlabelledLoss.Evaluate(_embeddings, _labels, Channels, _options, _momentum, gradient);
            for (var n = 0; n < _images.Length; n++)
                _terms[n] = _terms[n] with { Foreground = value };
            return;
        }

        var values = ForegroundLoss.Evaluate(_embeddings, _labels, Channels, _options.ForegroundWeight, _options.ForegroundBalance, gradient);
        for (var n = 0; n < _images.Length; n++)
            _terms[n] = _terms[n] with { Foreground = values[n] };
    }

    private DeviceBuffer<T> Allocate<T>(long length) where T : unmanaged => _holdings.Allocate<T>(_device, length, nameof(SpocoLoss));

    private DeviceBuffer<T> Upload<T>(T[] values) where T : unmanaged => _holdings.Upload<T>(_device, values, nameof(SpocoLoss));
}
