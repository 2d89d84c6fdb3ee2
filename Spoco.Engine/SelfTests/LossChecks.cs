using Spoco.Engine.Losses;
using Spoco.Engine.Networks;
using Spoco.Kernels;

namespace Spoco.Engine.SelfTests;

/// <summary>Every loss with every variant, value, terms and gradient. Random choices are given: what a device rounds otherwise must not choose otherwise.</summary>
internal static class LossChecks
{
    private const double Bound = 1e-4;

    private static readonly TensorShape Flat = new(2, 1, 9, 11, 5);
    private static readonly TensorShape Deep = new(1, 3, 7, 9, 4);
    private static readonly TensorShape Image = new(2, 1, 96, 90, 17);
    private static readonly TensorShape Block = new(1, 10, 40, 36, 16);

    public static IEnumerable<SelfCheck> All() => [.. Spoco(), .. Foregrounds(), .. Masks(), .. Critics()];

    private static IEnumerable<SelfCheck> Spoco()
    {
        foreach (var supervision in Enum.GetValues<Supervision>())
        {
            foreach (var instance in Enum.GetValues<InstanceLoss>())
            {
                var options = new SpocoLossOptions { Supervision = supervision, InstanceLoss = instance, AffinityRange = 3, AffinityOffsets = 4, RegulariserWeight = 0.05f };
                var name = $"{supervision}, {instance}".ToLowerInvariant();
                yield return Of(name, Flat, options);
                yield return Of(name, Flat with { C = 16 }, options);
                yield return Of(name, Image with { C = 16 }, options, isLarge: true);
                yield return Of($"{name}, foreground", Flat, options with { ForegroundChannel = true, ForegroundBalance = 3, ForegroundShare = 0.4 });
                if (instance is InstanceLoss.Dice or InstanceLoss.Bce)
                    yield return Of($"{name}, as the authors' code", Flat, options with { ReferenceCompatible = true });
            }

            var dice = new SpocoLossOptions { Supervision = supervision };
            var kind = $"{supervision}".ToLowerInvariant();
            yield return Of($"{kind}, background is an object", Flat, dice with { BackgroundIsInstance = true });
            yield return Of($"{kind}, foreground", Flat with { C = 17 }, dice with { ForegroundChannel = true });
            yield return Of($"{kind}, without g", Flat, dice with { ConsistencyWeight = 0 });
            yield return Of($"{kind}, in 3D", Deep, dice);
            yield return Of($"{kind}, foreground", Image, dice with { ForegroundChannel = true, ForegroundBalance = 3 }, isLarge: true);
            yield return Of($"{kind}, in 3D", Block, dice, isLarge: true);
            yield return Of($"{kind}, as the authors' code, in 3D", Block, dice with { ReferenceCompatible = true }, isLarge: true);
        }

        // One anchor that all is near to, whatever a device rounds.
        foreach (var asReference in (bool[])[false, true])
        {
            var options = new SpocoLossOptions { Supervision = Supervision.Sparse, PullMargin = 50, PushMargin = 60, ReferenceCompatible = asReference };
            yield return Of($"an anchor is drawn{(asReference ? ", as the authors' code" : "")}", Flat, options, draw: true);
        }

        static SelfCheck Of(string name, TensorShape shape, SpocoLossOptions options, bool isLarge = false, bool draw = false) =>
            new(nameof(SpocoLoss), $"{name} {shape}", Bound, device => Evaluate(device, shape, options, draw)) { IsLarge = isLarge };
    }

    private static CheckedArray[] Evaluate(ComputeDevice device, TensorShape shape, SpocoLossOptions options, bool draw)
    {
        using var scope = new TensorScope();
        var labels = Labels(shape);
        using var batch = LabelBatch.From(shape.WithChannels(1), labels);
        var f = Tensor.From(device, shape, CheckData.Embeddings(shape, labels, 1)).WithGradient();
        var g = options.ConsistencyWeight > 0 ? Tensor.From(device, shape, CheckData.Embeddings(shape, labels, 2)) : null;
        var random = new RandomSource(5);
        var draws = new SpocoDraws
        {
            Anchors = [.. Enumerable.Range(0, shape.N).Select(_ => Enumerable.Range(0, 6).Select(_ => random.NextInt((int)shape.VoxelsPerImage)).ToArray())],
            Offsets = [.. Enumerable.Range(0, shape.N).Select(_ => Enumerable.Range(0, options.AffinityOffsets).Select(_ =>
                new PixelOffset(shape.D > 1 ? -random.NextInt(3) : 0, -random.NextInt(4), -1 - random.NextInt(3))).ToArray())],
        };
        var loss = SpocoLoss.Apply(f, batch, options, g, seed: 7, draws: draw ? null : draws);
        var gradient = Gradients.Of(loss.Total, [f])[0];
        return
        [
            new("loss", [loss.Total.ToScalar()]), new("gradient", gradient.ToArray()),
            new("terms", [.. loss.Images.SelectMany(t => (double[])[t.Pull, t.Push, t.Regulariser, t.Instance, t.UnlabelledPush, t.Consistency, t.Foreground])
                .Select(t => (float)t)]),
        ];
    }

    private static IEnumerable<SelfCheck> Foregrounds()
    {
        foreach (var (shape, isLarge) in ((TensorShape, bool)[])[(Flat, false), (Deep, false), (Image, true), (Block, true)])
        {
            foreach (var balance in (float[])[1, 4])
                yield return Of(nameof(ForegroundLoss), $"balance {balance} {shape}",
                    (y, labels, _) => ForegroundLoss.Apply(y, labels, shape.C - 1, balance));
            foreach (var share in (double[])[0.1, 0.6])
                yield return Of(nameof(PositiveUnlabelledLoss), FormattableString.Invariant($"share {share} {shape}"),
                    (y, labels, _) => PositiveUnlabelledLoss.Apply(y, labels, 1, new SpocoLossOptions { ForegroundShare = share }));
            yield return Of(nameof(PositiveUnlabelledLoss), $"with g {shape}",
                (y, labels, g) => PositiveUnlabelledLoss.Apply(y, labels, 0, new SpocoLossOptions(), g));

            SelfCheck Of(string operation, string name, Func<Tensor, LabelBatch, Tensor, Tensor> loss) => new(operation, name, Bound, device =>
            {
                using var scope = new TensorScope();
                var labels = Labels(shape);
                for (var i = 0; i < labels.Length; i += 13)
                    labels[i] = labels[i] == 0 ? LabelBatch.Background : labels[i];
                using var batch = LabelBatch.From(shape.WithChannels(1), labels);
                var y = Tensor.From(device, shape, CheckData.Embeddings(shape, labels, 1)).WithGradient();
                var total = loss(y, batch, Tensor.From(device, shape, CheckData.Embeddings(shape, labels, 2)));
                return [new("loss", [total.ToScalar()]), new("gradient", Gradients.Of(total, [y])[0].ToArray())];
            }) { IsLarge = isLarge };
        }
    }

    private static IEnumerable<SelfCheck> Masks()
    {
        foreach (var (shape, isLarge) in ((TensorShape, bool)[])[(Flat, false), (Flat with { C = 16 }, false), (Deep, false), (Image, true), (Block, true)])
        {
            foreach (var foreground in (bool[])[false, true])
                yield return new SelfCheck(nameof(SoftMasks), $"{shape}{(foreground ? ", foreground" : "")}", Bound, device =>
                {
                    using var scope = new TensorScope();
                    var labels = Labels(shape);
                    using var batch = LabelBatch.From(shape.WithChannels(1), labels);
                    var e = Tensor.From(device, shape, CheckData.Embeddings(shape, labels, 1)).WithGradient();
                    int[] clusters = [.. Enumerable.Range(0, batch.Clusters).SelectMany(k => k % 3 == 1 ? new[] { k, k } : [k])];
                    var masks = SoftMasks.Apply(e, batch, clusters, new SpocoLossOptions { ForegroundChannel = foreground });
                    var weights = Tensor.From(device, masks.Shape, CheckData.Values(masks.Shape, 3));
                    return [new("masks", masks.ToArray()), new("gradient", Gradients.Of(masks, [e], weights)[0].ToArray())];
                }) { IsLarge = isLarge };
        }
    }

    private static IEnumerable<SelfCheck> Critics()
    {
        foreach (var (patch, maps, isLarge) in ((TensorShape, int[], bool)[])
        [
            (new(3, 1, 9, 11, 1), [3, 5], false), (new(2, 4, 6, 5, 1), [4], false), (new(8, 1, 64, 64, 1), [16, 32, 64], true), (new(4, 8, 32, 32, 1), [8, 16], true),
        ])
            yield return new SelfCheck(nameof(WassersteinLoss), $"{patch}, maps {string.Join(", ", maps)}", 5 * Bound, device => Judge(device, patch, maps)) { IsLarge = isLarge };
    }

    private static CheckedArray[] Judge(ComputeDevice device, TensorShape patch, int[] maps)
    {
        using var scope = new TensorScope();
        using var critic = new Critic(device, new CriticOptions { Dimensions = patch.D > 1 ? 3 : 2, Patch = patch with { N = 1 }, FeatureMaps = maps });
        critic.Parameters.Initialise(3);
        var real = Tensor.From(device, patch, [.. CheckData.Objects(patch, 1).Select(l => (float)l)]);
        var fake = Tensor.From(device, patch, [.. CheckData.Values(patch, 1).Select(v => Math.Clamp(v + 0.5f, 0, 1))]).WithGradient();
        var loss = WassersteinLoss.Critic(critic, real, fake, [.. Enumerable.Range(0, patch.N).Select(n => (n + 0.5f) / patch.N)]);
        var ofCritic = critic.Parameters.Gradients.ToArray();
        var generator = WassersteinLoss.Generator(critic, fake);
        return
        [
            new("critic", [(float)loss.Real, (float)loss.Fake, (float)loss.Penalty]), new("gradient of the critic", ofCritic),
            new("generator", [generator.ToScalar()]), new("gradient of the masks", Gradients.Of(generator, [fake])[0].ToArray()),
        ];
    }

    private static int[] Labels(TensorShape shape) => CheckData.Objects(shape, shape.VoxelsPerImage > 1000 ? 20 : 4);
}
