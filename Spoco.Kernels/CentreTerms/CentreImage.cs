namespace Spoco.Kernels.Primitives;

/// <summary>The terms of one image on the host.</summary>
internal unsafe ref struct CentreImage
{
    private readonly CentreTermsInputs _inputs;
    private readonly EmbeddingLossTerms _terms;
    private readonly CentreWeights _weights;
    private readonly EmbeddingLayout _layout;
    private readonly int _number;
    private readonly int _channels;
    private readonly int _width;
    private readonly int* _counts;
    private readonly float* _means;
    private readonly float* _sums;
    private readonly CentreFactors* _factors;
    private readonly double* _gradients;
    private ref ImageCentres _image;
    private double _pull, _push, _regulariser, _instance, _unlabelledPush, _consistency;

    /// <summary>Begins image <paramref name="number"/>; the gradients of the means are 0 before.</summary>
    public CentreImage(CentreTermsInputs inputs, int number, double* gradients)
    {
        var passes = inputs.Passes;
        (_inputs, _terms, _weights, _layout, _number) = (inputs, passes.Terms, inputs.Weights, passes.Layout, number);
        _channels = _layout.Channels;
        _width = EmbeddingLoss.ObjectWidth(_channels, !inputs.Shift.IsNull);
        _image = ref passes.Centres.Images.Span[number];
        _counts = passes.Centres.Segments.Counts.HostAddress + _image.FirstCluster;
        _means = passes.Means.HostAddress + (long)_image.FirstCluster * _channels;
        _factors = passes.ObjectFactors.HostAddress + _image.FirstCluster;
        _gradients = gradients + (long)_image.FirstCluster * _channels;
        _sums = HasObjects ? inputs.Sums.Objects.HostAddress + (long)_image.FirstCluster * _width : null;
    }

    /// <summary>Whether there are sums over the masks of objects.</summary>
    public readonly bool HasObjects => _image.Objects > 0 && !_inputs.Sums.Objects.IsNull;

    /// <summary>Whether there are anchors.</summary>
    public readonly bool HasAnchors => _image.Anchors > 0 && !_inputs.Sums.Anchors.IsNull;

    private readonly int Images => _layout.Images;

    private readonly double ConsistencyScale => _weights.Consistency / (double)(_weights.AsReference != 0 ? 1 : Images);

    /// <summary>L_push and L_reg: functions of the means alone.</summary>
    public void AddMeanTerms()
    {
        var pairs = (double)_image.Pulled * (_image.Pulled - 1);
        for (var k = _image.FirstPulled; k < _image.Clusters && _weights.Push > 0; k++)
        {
            for (var l = k + 1; l < _image.Clusters; l++)
            {
                var distance = Distance(k, l);
                var hinge = 2.0 * _terms.PushMargin - distance;
                if (hinge <= 0)
                    continue;
                _push += 2 * hinge * hinge / pairs;
                if (distance > 0)
                    AddDifference(k, l, -4 * hinge / distance * _weights.Push / pairs / Images);
            }
        }

        for (var k = 0; k < _image.Clusters && _weights.Regulariser > 0; k++)
        {
            var norm = Distance(k, -1);
            _regulariser += norm / _image.Clusters;
            for (var c = 0; c < _channels && norm > 0; c++)
                _gradients[k * _channels + c] += _weights.Regulariser / (_image.Clusters * norm * Images) * _means[k * _channels + c];
        }
    }

    /// <summary>L_pull, L_Upush and L_obj: sums over the pixels, for every object.</summary>
    public void AddObjectTerms()
    {
        double pooledOverlap = 0, pooledSquare = 0;
        var pooled = _weights.AsReference != 0;
        for (var k = _image.FirstOwner; k < _image.Clusters; k++)
        {
            var row = _sums + (long)k * _width;
            double count = _counts[k];
            if (k >= _image.FirstPulled && _weights.Pull > 0)
                _pull += row[0] / count / _image.Pulled;
            if (k >= _image.FirstPulled && _image.Unlabelled > 0)
                _unlabelledPush += (double)row[1] / _image.Unlabelled / _image.Pulled;
            if (k < _image.FirstInstance)
                continue;
            if (_terms.Instance == MaskLoss.CrossEntropy)
            {
                _instance += row[2] / ((double)_image.Instances * _layout.Pixels);
            }
            else if (_terms.Instance == MaskLoss.Dice)
            {
                pooledOverlap += row[2];
                pooledSquare += row[3] + count;
                if (!pooled)
                    _instance += Dice(row[2], row[3] + count, _weights.Instance / ((double)_image.Instances * Images), ref _factors[k]) / _image.Instances;
            }
        }

        if (_terms.Instance == MaskLoss.Dice && pooled && _image.Instances > 0)
        {
            var factors = default(CentreFactors);
            _instance = Dice(pooledOverlap, pooledSquare, _weights.Instance / (double)Images, ref factors);
            for (var k = _image.FirstInstance; k < _image.Clusters; k++)
                _factors[k] = _factors[k] with { Overlap = factors.Overlap, Square = factors.Square };
        }
    }

    /// <summary>L_Ucon, over the anchors that are drawn while enough pixels remain.</summary>
    public void AddAnchorTerms()
    {
        var sums = _inputs.Sums.Anchors.HostAddress;
        _image = _image.WithAnchors(AnchorCover.Used(_image, sums, _terms.LeastRemaining));
        var left = _image.Unlabelled;
        for (var a = 0; a < _image.Anchors; a++)
        {
            left -= (int)sums[AnchorCover.Covered(_image, a)];
            _inputs.Remaining.HostAddress[_image.FirstAnchor + a] = left;
        }

        var entropy = 2 * _terms.Falloff * ConsistencyScale / ((double)_image.Anchors * _layout.Pixels);
        for (var a = 0; a < _image.Anchors && _terms.LineLength == 0; a++)
        {
            ref var factors = ref _inputs.Passes.AnchorFactors.HostAddress[_image.FirstAnchor + a];
            factors = new CentreFactors(0, 0, (float)entropy, 0, 0);
            var row = sums + (_image.FirstAnchor + a) * EmbeddingLoss.AnchorScalars;
            _consistency += _terms.Consistency == MaskLoss.CrossEntropy
                ? row[0] / ((double)_image.Anchors * _layout.Pixels)
                : Dice(row[0], row[1], ConsistencyScale / _image.Anchors, ref factors) / _image.Anchors;
        }

        var lines = (int)(_inputs.Sums.Lines.Length / 2 / Images);
        for (var line = _number * lines; line < (_number + 1) * lines; line++)
        {
            var factors = default(CentreFactors);
            var row = _inputs.Sums.Lines.HostAddress + 2 * line;
            _consistency += Dice(row[0], row[1], ConsistencyScale / lines, ref factors) / lines;
            _inputs.Passes.LineFactors.HostAddress[2 * line] = factors.Overlap;
            _inputs.Passes.LineFactors.HostAddress[2 * line + 1] = factors.Square;
        }
    }

    /// <summary>Writes the terms of the image, and how many anchors it uses.</summary>
    public readonly void WriteValues()
    {
        var values = _inputs.Values.HostAddress + _number;
        values[(int)CentreTerm.Pull * Images] = (float)_pull;
        values[(int)CentreTerm.Push * Images] = (float)_push;
        values[(int)CentreTerm.Regulariser * Images] = (float)_regulariser;
        values[(int)CentreTerm.Instance * Images] = (float)_instance;
        values[(int)CentreTerm.UnlabelledPush * Images] = (float)_unlabelledPush;
        values[(int)CentreTerm.Consistency * Images] = (float)_consistency;
        _inputs.Used.HostAddress[_number] = HasAnchors ? _image.Anchors : 0;
    }

    /// <summary>Adds dL/dmu_k = -sum_i weight(e_i, mu_k) (e_i - mu_k) of the masks, and writes the share of every pixel.</summary>
    public readonly void WriteShift()
    {
        var shift = _inputs.Shift.HostAddress + (long)_image.FirstCluster * _channels;
        for (var k = 0; k < _image.Clusters; k++)
        {
            var vectors = k >= _image.FirstOwner && HasObjects ? _sums + (long)k * _width + EmbeddingLoss.ObjectScalars : null;
            for (var c = 0; c < _channels; c++)
            {
                var sum = vectors is null ? 0 : (double)vectors[c];
                if (vectors is not null && _terms.Instance == MaskLoss.Dice)
                    sum += (double)_factors[k].Overlap * vectors[_channels + c] + (double)_factors[k].Square * vectors[2 * _channels + c];
                shift[k * _channels + c] = (float)((_gradients[k * _channels + c] - sum) / _counts[k]);
            }
        }
    }

    /// <summary>1 - 2A / B, and its factors: with p = exp(-falloff |e - a|^2), dDice/de = (4 falloff / B q p - 8 falloff A / B^2 p^2) (e - a).</summary>
    private readonly double Dice(double overlap, double square, double scale, ref CentreFactors factors)
    {
        var denominator = Math.Max(square, CentreTerms.DiceFloor);
        factors = factors with
        {
            Overlap = (float)(scale * 4 * _terms.Falloff / denominator),
            Square = square < CentreTerms.DiceFloor ? 0 : (float)(scale * -8 * _terms.Falloff * overlap / (denominator * denominator)),
        };
        return 1 - 2 * overlap / denominator;
    }

    /// <summary>|mu_k - mu_l|, or |mu_k| for l = -1.</summary>
    private readonly double Distance(int k, int l)
    {
        var sum = 0.0;
        for (var c = 0; c < _channels; c++)
        {
            var difference = (double)_means[k * _channels + c] - (l < 0 ? 0 : _means[l * _channels + c]);
            sum += difference * difference;
        }

        return Math.Sqrt(sum);
    }

    /// <summary>Adds a term factor |mu_k - mu_l| d|mu_k - mu_l| to the gradient of both means.</summary>
    private readonly void AddDifference(int k, int l, double factor)
    {
        for (var c = 0; c < _channels; c++)
        {
            var difference = factor * ((double)_means[k * _channels + c] - _means[l * _channels + c]);
            _gradients[k * _channels + c] += difference;
            _gradients[l * _channels + c] -= difference;
        }
    }
}
