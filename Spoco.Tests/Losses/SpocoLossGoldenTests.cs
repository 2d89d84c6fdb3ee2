using Spoco.Engine;
using Spoco.Engine.Losses;
using Spoco.Kernels;
using Spoco.Tests.Golden;

namespace Spoco.Tests.Losses;

/// <summary>The authors' PyTorch code on the same embeddings and labels: total, every term, gradient, anchors.</summary>
public sealed class SpocoLossGoldenTests
{
    private static readonly string[] Ops = ["ContrastiveLoss", "SpocoContrastiveLoss", "SpocoConsistencyContrastiveLoss"];

    public static IEnumerable<string> Groups => Ops.SelectMany(op => GoldenSet.Torch.Cases(op)).Where(c => c.Has("loss")).Select(c => c.Group);

    [Test]
    public void Equals_reference([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name, [ValueSource(nameof(Groups))] string group)
    {
        var device = TestDevices.Open(name);
        var golden = Find(group);
        if (name == "ilgpu-cpu" && !group.StartsWith("consistency_dice", StringComparison.Ordinal))
            Assert.Ignore("The simulator is slow: one case suffices.");
        using var scope = new TensorScope();
        var problem = new Problem(golden, device);
        var f = problem.Embeddings("emb").WithGradient();
        var result = problem.Evaluate(f);
        Assert.That(result.Total.ToScalar(), Is.EqualTo(golden.Float64("loss")[0]).Within(golden.Tolerance("loss")), "loss");
        Gradients.Backward(result.Total);
        problem.AssertGradient(f.Gradient!.ToArray());
        problem.AssertTerms(result.Terms);
    }

    private static GoldenCase Find(string group) => Ops.SelectMany(op => GoldenSet.Torch.Cases(op)).Single(c => c.Group == group);

    private sealed record Evaluated(Tensor Total, IReadOnlyList<SpocoTerms> Terms);

    private sealed class Problem
    {
        private readonly GoldenCase _golden;
        private readonly ComputeDevice _device;
        private readonly TensorShape _shape;
        private readonly int[] _labels;
        private readonly SpocoLossOptions _options;

        public Problem(GoldenCase golden, ComputeDevice device)
        {
            _golden = golden;
            _device = device;
            var s = golden.Shape("emb");
            _shape = s.Length == 4 ? new TensorShape(s[0], 1, s[2], s[3], s[1]) : new TensorShape(s[0], s[2], s[3], s[4], s[1]);
            var labels = golden.Int32("target");
            var ignored = false;
            if (labels.Length == 2 * _shape.Voxels)
            {
                // [relabelled, original]: what the original marks to be ignored has label 0 in the relabelled image.
                var pixels = (int)_shape.VoxelsPerImage;
                ignored = labels.Contains((int)Number("ignore_label", -1));
                labels = [.. Enumerable.Range(0, _shape.N).SelectMany(n => labels.AsSpan(2 * n * pixels, pixels).ToArray())];
            }

            _labels = labels;
            var consistency = golden.Op == "SpocoConsistencyContrastiveLoss";
            var sparse = Flag("zero_label_push", consistency);
            var only = Flag("consistency_only", false);
            _options = new SpocoLossOptions
            {
                PullMargin = Number("delta_var", 0.5f),
                PushMargin = Number("delta_dist", 2),
                PullWeight = only ? 0 : Number("alpha", 1),
                PushWeight = only ? 0 : Number("beta", 1),
                RegulariserWeight = only ? 0 : Number("gamma", 0.001f),
                InstanceWeight = only || golden.Op == "ContrastiveLoss" ? 0 : Number("instance_term_weight", 1),
                UnlabelledPushWeight = only || ignored || golden.Op == "ContrastiveLoss" ? 0 : Number("unlabeled_push_weight", 1),
                ConsistencyWeight = Number("consistency_weight", 1),
                KernelThreshold = Number("kernel_threshold", 0.5f),
                InstanceLoss = Text("instance_loss", "none") switch
                {
                    "dice" => InstanceLoss.Dice,
                    "bce" => InstanceLoss.Bce,
                    "affinity" => InstanceLoss.Affinity,
                    _ => InstanceLoss.None,
                },
                Supervision = sparse || ignored ? Supervision.Sparse : Supervision.Full,
                BackgroundIsInstance = !Flag("aux_loss_ignore_zero", true),
                MaximalAnchors = (int)Number("max_anchors", 20),
                RemainingFraction = Number("volume_threshold", 0.05f),
                ReferenceCompatible = true,
            };
        }

        public Tensor Embeddings(string name)
        {
            var source = _golden.Float32(name);
            var pixels = (int)_shape.VoxelsPerImage;
            var values = new float[source.Length];
            for (var n = 0; n < _shape.N; n++)
            {
                for (var c = 0; c < _shape.C; c++)
                {
                    for (var i = 0; i < pixels; i++)
                        values[(n * pixels + i) * _shape.C + c] = source[(n * _shape.C + c) * pixels + i];
                }
            }

            return Tensor.From(_device, _shape, values);
        }

        public Evaluated Evaluate(Tensor f)
        {
            var batch = LabelBatch.From(_shape.WithChannels(1), _labels);
            var g = _golden.Has("emb_g") ? Embeddings("emb_g") : null;
            var draws = new SpocoDraws
            {
                Anchors = _golden.Has("anchors") ? Rows("anchors") : null,
                Offsets = _golden.Has("offsets") ? Offsets() : null,
            };
            SpocoLossResult result;
            TestDevices.SpoilWorkspace(_device);
            if (!Flag("joint_loss", false))
            {
                result = SpocoLoss.Apply(f, batch, _options, g, draws: draws);
            }
            else
            {
                // (L(f) + L(g)) / 2 + L_Ucon; g without gradient.
                var half = _options with
                {
                    PullWeight = _options.PullWeight / 2,
                    PushWeight = _options.PushWeight / 2,
                    RegulariserWeight = _options.RegulariserWeight / 2,
                    InstanceWeight = _options.InstanceWeight / 2,
                    UnlabelledPushWeight = _options.UnlabelledPushWeight / 2,
                };
                result = SpocoLoss.Apply(f, batch, half, g, draws: draws);
                var other = SpocoLoss.Apply(g!, batch, half);
                batch.Dispose();
                CheckAnchors(result);
                return new Evaluated(Engine.Ops.Elementwise.Add(result.Total, other.Total), [.. result.Images, .. other.Images]);
            }

            CheckAnchors(result);
            if (_golden.Has("term_unlabeled_push") && _options.UnlabelledPushWeight == 0)
            {
                using var pause = Gradients.NoRecording();
                var pushed = SpocoLoss.Apply(f, batch, _options with { UnlabelledPushWeight = 1 }, g, draws: draws);
                for (var n = 0; n < _shape.N; n++)
                    Assert.That(pushed.Images[n].UnlabelledPush, Is.EqualTo(_golden.Float64("term_unlabeled_push")[n]).Within(1e-5),
                        "unlabelled push");
                batch.Dispose();
                return new Evaluated(result.Total, pushed.Images);
            }

            AssertPaperFormulas(f, batch, g, draws);
            batch.Dispose();
            return new Evaluated(result.Total, result.Images);
        }

        public void AssertTerms(IReadOnlyList<SpocoTerms> terms)
        {
            AssertTerm("term_variance", t => t.Pull);
            AssertTerm("term_distance", t => t.Push);
            AssertTerm("term_regularizer", t => t.Regulariser);
            AssertTerm("term_instance", t => t.Instance);
            AssertTerm("term_unlabeled_push", t => t.UnlabelledPush);
            AssertTerm("term_consistency", t => t.Consistency);

            void AssertTerm(string name, Func<SpocoTerms, double> term)
            {
                if (!_golden.Has(name))
                    return;
                var expected = _golden.Float64(name);
                Assert.That(terms, Has.Count.GreaterThanOrEqualTo(expected.Length), name);
                var tolerance = Math.Max(_golden.Tolerance(name), _golden.Tolerance("loss"));
                for (var i = 0; i < expected.Length; i++)
                    Assert.That(term(terms[i]), Is.EqualTo(expected[i]).Within(tolerance), $"{name} {i}");
            }
        }

        public void AssertGradient(float[] gradient)
        {
            var expected = _golden.Float64("grad_emb");
            var pixels = (int)_shape.VoxelsPerImage;
            var tolerance = _golden.Tolerance("grad_emb");
            for (var i = 0; i < gradient.Length; i++)
            {
                var (pixel, c) = (i / _shape.C, i % _shape.C);
                var at = (pixel / pixels * _shape.C + c) * pixels + pixel % pixels;
                Assert.That(gradient[i], Is.EqualTo(expected[at]).Within(tolerance), $"gradient, pixel {pixel}, component {c}");
            }
        }

        /// <summary>Our default formulas, where they differ from the reference's.</summary>
        private void AssertPaperFormulas(Tensor f, LabelBatch batch, Tensor? g, SpocoDraws draws)
        {
            using var pause = Gradients.NoRecording();
            var terms = SpocoLoss.Apply(
                f, batch, _options with { ReferenceCompatible = false, InstanceWeight = 1, BackgroundIsInstance = false }, g, draws: draws).Images;
            for (var n = 0; n < _shape.N; n++)
            {
                if (_golden.Has("alt_instance_per_object"))
                    Assert.That(terms[n].Instance, Is.EqualTo(_golden.Float64("alt_instance_per_object")[n]).Within(1e-5),
                        $"Dice per object, image {n}");
                if (_golden.Has("alt_consistency_per_anchor"))
                    Assert.That(terms[n].Consistency, Is.EqualTo(_golden.Float64("alt_consistency_per_anchor")[n]).Within(1e-5),
                        $"Dice per anchor, image {n}");
            }
        }

        private void CheckAnchors(SpocoLossResult result)
        {
            if (!_golden.Has("anchors"))
                return;
            var left = Rows("mask_left");
            for (var n = 0; n < _shape.N; n++)
                Assert.That(result.Remaining[n], Is.EqualTo(left[n]), $"unlabelled pixels left, image {n}");
        }

        private int[][] Rows(string name)
        {
            var width = _golden.Shape(name)[1];
            var values = _golden.Int32(name);
            return [.. Enumerable.Range(0, _shape.N).Select(n => values.AsSpan(n * width, width).ToArray().TakeWhile(v => v >= 0).ToArray())];
        }

        private PixelOffset[][] Offsets()
        {
            var shape = _golden.Shape("offsets");
            var values = _golden.Int32("offsets");
            return [.. values.Chunk(shape[1] * shape[2]).Select(image => image.Chunk(shape[2]).Select(
                o => shape[2] == 2 ? new PixelOffset(0, o[0], o[1]) : new PixelOffset(o[0], o[1], o[2])).ToArray())];
        }

        private float Number(string name, float otherwise) => _golden.Params.TryGetProperty(name, out var value) ? value.GetSingle() : otherwise;

        private bool Flag(string name, bool otherwise) => _golden.Params.TryGetProperty(name, out var value) ? value.GetBoolean() : otherwise;

        private string Text(string name, string otherwise) => _golden.Params.TryGetProperty(name, out var value) ? value.GetString()! : otherwise;
    }
}
