using Spoco.Engine;
using Spoco.Engine.Losses;
using Spoco.Kernels;

namespace Spoco.Tests.Losses;

/// <summary>Values, gradients and random choices of the loss against <see cref="SpocoReference"/>.</summary>
public sealed class SpocoLossTests
{
    private static readonly SpocoLossOptions Full = new() { RegulariserWeight = 0.05f };
    private static readonly SpocoLossOptions Sparse = Full with { Supervision = Supervision.Sparse };

    /// <summary>Label images, by what is special about them.</summary>
    private static readonly Dictionary<string, Func<TensorShape, Random, int[]>> LabelImages = new()
    {
        ["objects"] = (s, r) => Blocks(s, r, 4, zero: true),
        ["no zero"] = (s, r) => [.. Blocks(s, r, 4, zero: true).Select(l => l + 1)],
        ["empty"] = (s, _) => new int[s.Voxels],
        ["one object"] = (s, r) => Blocks(s, r, 1, zero: true),
        ["one label"] = (s, _) => [.. Enumerable.Repeat(7, (int)s.Voxels)],
        ["gaps"] = (s, r) => [.. Blocks(s, r, 2, zero: true).Select(l => l switch { 1 => 3, 2 => 700, _ => 0 })],
        ["first empty"] = (s, r) => [.. Blocks(s, r, 3, zero: true).Select((l, i) => i < s.VoxelsPerImage ? 0 : l)],
        ["one-pixel objects"] = (s, _) => [.. Enumerable.Range(0, (int)s.Voxels).Select(i => i % 5 == 0 ? i % (int)s.VoxelsPerImage + 1 : 0)],
        ["background"] = (s, r) => [.. Blocks(s, r, 4, zero: true).Select(l => l == 3 ? -1 : l)],
        ["background alone"] = (s, r) => [.. Blocks(s, r, 4, zero: true).Select(l => l == 3 ? -1 : 0)],
        ["60 objects"] = (s, r) => Blocks(s, r, 60, zero: true),
    };

    public static IEnumerable<TestCaseData> Cases
    {
        get
        {
            var flat = new TensorShape(2, 1, 5, 7, 4);
            foreach (var labels in LabelImages.Keys.Where(k => k != "60 objects"))
            {
                yield return new TestCaseData(labels, flat, Full).SetArgDisplayNames(labels, "full");
                yield return new TestCaseData(labels, flat, Sparse).SetArgDisplayNames(labels, "sparse");
            }

            foreach (var channels in (int[])[1, 8, 16, 17, 27, 32])
                yield return new TestCaseData("objects", new TensorShape(2, 1, 3, 5, channels), Sparse).SetArgDisplayNames("objects",
                    $"E = {channels}");
            yield return new TestCaseData("60 objects", new TensorShape(1, 1, 23, 37, 8), Full).SetArgDisplayNames("60 objects", "full");
            yield return new TestCaseData("60 objects", new TensorShape(1, 1, 23, 37, 8), Sparse).SetArgDisplayNames("60 objects", "sparse");
            yield return new TestCaseData("objects", new TensorShape(2, 3, 4, 5, 4), Sparse).SetArgDisplayNames("objects", "3D");
            yield return new TestCaseData("objects", new TensorShape(3, 1, 17, 31, 16), Sparse).SetArgDisplayNames("objects", "several tiles");
            yield return new TestCaseData("objects", new TensorShape(2, 1, 17, 31, 17), Sparse with { ForegroundChannel = true })
                .SetArgDisplayNames("objects", "several tiles, E = 16 and a logit");
            foreach (var channels in (int[])[16, 17, 19])
                yield return new TestCaseData("objects", new TensorShape(1, 1, 5, 7, channels),
                    Full with { InstanceLoss = InstanceLoss.Affinity, AffinityRange = 3, ForegroundChannel = channels == 17 })
                    .SetArgDisplayNames("objects", $"affinity, {channels} channels");
            yield return new TestCaseData("objects", new TensorShape(2, 1, 17, 31, 4), Sparse)
                .SetArgDisplayNames("objects", "several tiles, more anchors than components");
            yield return new TestCaseData("one label", new TensorShape(1, 1, 1, 1, 4), Full).SetArgDisplayNames("one pixel", "full");
            yield return new TestCaseData("empty", new TensorShape(1, 1, 1, 1, 4), Sparse).SetArgDisplayNames("one unlabelled pixel", "sparse");
            var entropy = Sparse with { InstanceLoss = InstanceLoss.Bce };
            yield return new TestCaseData("objects", flat, entropy).SetArgDisplayNames("objects", "cross-entropy");
            yield return new TestCaseData("objects", flat, Full with { InstanceLoss = InstanceLoss.Bce }).SetArgDisplayNames("objects",
                "cross-entropy, full");
            yield return new TestCaseData("objects", flat, Full with { BackgroundIsInstance = true }).SetArgDisplayNames("objects",
                "background is instance");
            yield return new TestCaseData("objects", flat, Sparse with { BackgroundIsInstance = true }).SetArgDisplayNames("objects",
                "sparse, background is instance");
            yield return new TestCaseData("objects", flat, Full with { InstanceLoss = InstanceLoss.None }).SetArgDisplayNames("objects",
                "discriminative");
            yield return new TestCaseData("objects", flat,
                Sparse with { KernelThreshold = 0.9f, PullMargin = 0.3f, PushMargin = 1.5f, PullWeight = 0.7f,
                PushWeight = 1.3f, InstanceWeight = 0.4f, UnlabelledPushWeight = 0.6f, ConsistencyWeight = 0.8f }).SetArgDisplayNames("objects",
                "weights");
            yield return new TestCaseData("objects", flat, Consistency(Sparse)).SetArgDisplayNames("objects", "consistency alone");
            yield return new TestCaseData("objects", flat,
                Sparse with { PullWeight = 0, InstanceWeight = 0, UnlabelledPushWeight = 0, ConsistencyWeight = 0 })
                .SetArgDisplayNames("objects", "push and regulariser alone");
            yield return new TestCaseData("objects", flat, Sparse with { InstanceLoss = InstanceLoss.Affinity, AffinityRange = 3 })
                .SetArgDisplayNames("objects", "affinity");
            yield return new TestCaseData("objects", new TensorShape(2, 3, 4, 5, 9),
                Full with { InstanceLoss = InstanceLoss.Affinity, AffinityRange = 6, AffinityOffsets = 4 })
                .SetArgDisplayNames("objects", "affinity, 3D");
            yield return new TestCaseData("objects", flat with { C = 5 }, Full with { ForegroundChannel = true, ForegroundWeight = 0.5f })
                .SetArgDisplayNames("objects", "foreground");
            yield return new TestCaseData("no zero", flat with { C = 2 }, Full with { ForegroundChannel = true }).SetArgDisplayNames("no zero",
                "foreground");
            yield return new TestCaseData("objects", flat with { C = 5 }, Full with { ForegroundChannel = true, ForegroundBalance = 3 })
                .SetArgDisplayNames("objects", "balanced foreground");
            yield return new TestCaseData("objects", new TensorShape(2, 3, 4, 5, 3), Full with { ForegroundChannel = true, ForegroundBalance = 3 })
                .SetArgDisplayNames("objects", "balanced foreground, 3D");
            foreach (var labels in (string[])["objects", "empty", "one object", "one label", "first empty"])
                yield return new TestCaseData(labels, flat with { C = 5 }, Sparse with { ForegroundChannel = true }).SetArgDisplayNames(labels,
                    "positive-unlabelled");
            foreach (var share in (double[])[0.02, 0.6, 0.98])
            {
                foreach (var labels in (string[])["objects", "background", "background alone"])
                    yield return new TestCaseData(labels, new TensorShape(3, 1, 17, 31, 5),
                        Sparse with { ForegroundChannel = true, ForegroundShare = share, ForegroundWeight = 0.7f, ForegroundAgreement = 1.3, ForegroundOutline = 0.6 })
                        .SetArgDisplayNames(labels, $"positive-unlabelled, {share}");
            }

            yield return new TestCaseData("background", new TensorShape(2, 3, 4, 5, 3), Sparse with { ForegroundChannel = true })
                .SetArgDisplayNames("background", "positive-unlabelled, 3D");
        }
    }

    [TestCaseSource(nameof(Cases))]
    public void Equals_reference_on_cpu(string labels, TensorShape shape, SpocoLossOptions options) => EqualsReference("cpu", labels, shape, options);

    [TestCaseSource(nameof(Cases))]
    public void Equals_reference_on_OpenCL(string labels, TensorShape shape, SpocoLossOptions options) =>
        EqualsReference("opencl:0", labels, shape, options);

    [TestCaseSource(nameof(Cases))]
    public void Equals_reference_on_CUDA(string labels, TensorShape shape, SpocoLossOptions options) =>
        EqualsReference("cuda:0", labels, shape, options);

    [Test]
    public void Equals_reference_on_simulator([Values("objects", "one-pixel objects")] string labels, [Values] InstanceLoss instance,
        [Values] bool foreground) =>
        EqualsReference("ilgpu-cpu", labels, new TensorShape(2, 1, 3, 7, foreground ? 5 : 4),
            Sparse with { InstanceLoss = instance, AffinityRange = 2, AffinityOffsets = 2, ForegroundChannel = foreground });

    /// <summary>Terms, and the gradient against difference quotients of the double-precision reference.</summary>
    private static void EqualsReference(string name, string labelImage, TensorShape shape, SpocoLossOptions options)
    {
        const int seed = 11;
        var device = TestDevices.Open(name);
        var random = new Random(seed);
        var labels = LabelImages[labelImage](shape, random);
        var f = Embeddings(shape, labels, random);
        var g = Embeddings(shape, labels, random);
        int[][] anchors = [.. Enumerable.Range(0, shape.N).Select(_ =>
            Enumerable.Range(0, 5).Select(_ => random.Next((int)shape.VoxelsPerImage)).ToArray())];
        PixelOffset[][] offsets = [.. Enumerable.Range(0, shape.N).Select(_ => Enumerable.Range(0, options.AffinityOffsets).Select(_ =>
            new PixelOffset(Step(shape.D), Step(shape.H), Step(shape.W))).ToArray())];
        int Step(int extent) => extent > 1 ? random.Next(-options.AffinityRange, 2) : 0;

        var reference = new SpocoReference(shape, labels, options, options.ConsistencyWeight > 0 ? Widen(g) : null, anchors, offsets);
        using var scope = new TensorScope();
        using var batch = LabelBatch.From(shape.WithChannels(1), labels);
        var e = Tensor.From(device, shape, f).WithGradient();
        TestDevices.SpoilWorkspace(device);
        var result = SpocoLoss.Apply(e, batch, options, Tensor.From(device, shape, g),
            draws: new SpocoDraws { Anchors = anchors, Offsets = offsets });
        Gradients.Backward(result.Total);
        var wide = Widen(f);
        for (var n = 0; n < shape.N; n++)
        {
            var expected = reference.Terms(wide, n);
            var actual = result.Images[n];
            AssertTerm("pull", actual.Pull, expected.Pull, options.PullWeight);
            AssertTerm("push", actual.Push, expected.Push, options.PushWeight);
            AssertTerm("regulariser", actual.Regulariser, expected.Regulariser, options.RegulariserWeight);
            AssertTerm("instance", actual.Instance, expected.Instance, options.InstanceWeight);
            AssertTerm("unlabelled push", actual.UnlabelledPush, expected.UnlabelledPush, options.UnlabelledPushWeight);
            AssertTerm("consistency", actual.Consistency, expected.Consistency, options.ConsistencyWeight);
            AssertTerm("foreground", actual.Foreground, expected.Foreground, 1);
            void AssertTerm(string term, double a, double x, float weight) =>
                Assert.That(a, Is.EqualTo(weight > 0 ? x : 0).Within(2e-5 * Math.Max(x, 1)), $"{term}, image {n}, seed {seed}");
        }

        Assert.That(result.Total.ToScalar(), Is.EqualTo(reference.Total(wide)).Within(1e-5 * Math.Max(reference.Total(wide), 1)), "total");
        AssertGradient(reference, wide, e.Gradient!.ToArray(), random, seed);
    }

    private static void AssertGradient(SpocoReference reference, double[] e, float[] gradient, Random random, int seed)
    {
        const double step = 1e-5;
        var scale = Math.Max(gradient.Max(Math.Abs), 1e-4);
        double Difference(Action<double> move)
        {
            move(step);
            var above = reference.Total(e);
            move(-2 * step);
            var below = reference.Total(e);
            move(step);
            return (above - below) / (2 * step);
        }

        foreach (var i in e.Length <= 40 ? Enumerable.Range(0, e.Length) : Enumerable.Range(0, 30).Select(_ => random.Next(e.Length)))
            Assert.That(gradient[i], Is.EqualTo(Difference(h => e[i] += h)).Within(1e-4 * scale), $"gradient {i}, seed {seed}");

        // One random direction sees every element.
        var direction = GradientCheck.RandomValues(random, e.Length);
        var along = 0.0;
        var length = 0.0;
        for (var i = 0; i < e.Length; i++)
        {
            along += (double)gradient[i] * direction[i];
            length += (double)gradient[i] * gradient[i];
        }

        var expected = Difference(h =>
        {
            for (var i = 0; i < e.Length; i++)
                e[i] += h * direction[i];
        });
        Assert.That(along, Is.EqualTo(expected).Within(2e-4 * Math.Sqrt(length) + 1e-6), $"directional derivative, seed {seed}");
    }

    [Test]
    public void Gradient_is_scaled_by_what_arrives([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        var device = TestDevices.Open(name);
        var shape = new TensorShape(1, 1, 3, 4, 3);
        var random = new Random(1);
        var labels = LabelImages["objects"](shape, random);
        var values = Embeddings(shape, labels, random);
        using var scope = new TensorScope();
        using var batch = LabelBatch.From(shape.WithChannels(1), labels);
        var once = Tensor.From(device, shape, values).WithGradient();
        Gradients.Backward(SpocoLoss.Apply(once, batch, Full).Total);
        var thrice = Tensor.From(device, shape, values).WithGradient();
        Gradients.Backward(Engine.Ops.Elementwise.Scale(SpocoLoss.Apply(thrice, batch, Full).Total, 3));
        var expected = once.Gradient!.ToArray();
        var actual = thrice.Gradient!.ToArray();
        for (var i = 0; i < expected.Length; i++)
            Assert.That(actual[i], Is.EqualTo(3 * expected[i]).Within(1e-6));
    }

    [Test]
    public void Equal_centres_and_pixels_on_their_centre_have_no_gradient()
    {
        var device = TestDevices.Open("cpu");
        var shape = new TensorShape(1, 1, 2, 4, 3);
        using var scope = new TensorScope();
        using var batch = LabelBatch.From(shape.WithChannels(1), [0, 0, 1, 1, 2, 2, 0, 0]);
        foreach (var instance in Enum.GetValues<InstanceLoss>())
        {
            var e = Tensor.Filled(device, shape, 0).WithGradient();
            var result = SpocoLoss.Apply(e, batch, Sparse with { InstanceLoss = instance }, Tensor.Filled(device, shape, 0), seed: 3);
            Gradients.Backward(result.Total);
            Assert.That(result.Total.ToScalar(), Is.GreaterThan(0));
            Assert.That(e.Gradient!.ToArray(), Is.All.Zero, instance.ToString());
        }
    }

    [Test]
    public void Any_number_of_threads_gives_the_same_bits()
    {
        var shape = new TensorShape(2, 1, 41, 53, 16);
        var random = new Random(2);
        var labels = LabelImages["objects"](shape, random);
        var f = Embeddings(shape, labels, random);
        var g = Embeddings(shape, labels, random);
        var runs = ((int[])[1, 1, 2, 3, 7]).Select(Run).ToArray();
        foreach (var run in runs)
        {
            Assert.That(run.Loss, Is.EqualTo(runs[0].Loss));
            Assert.That(run.Gradient, Is.EqualTo(runs[0].Gradient));
        }

        (float Loss, float[] Gradient) Run(int threads)
        {
            using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = threads });
            using var scope = new TensorScope();
            using var batch = LabelBatch.From(shape.WithChannels(1), labels);
            var e = Tensor.From(device, shape, f).WithGradient();
            var result = SpocoLoss.Apply(e, batch, Sparse, Tensor.From(device, shape, g), seed: 4);
            Gradients.Backward(result.Total);
            return (result.Total.ToScalar(), e.Gradient!.ToArray());
        }
    }

    /// <summary>The gradient of a large batch is written past the caches: an image twice against once, with a last tile that is not full.</summary>
    [TestCase(511, 401, 16)]
    [TestCase(1201, 901, 3)]
    public void Images_of_a_large_batch_have_the_gradients_that_they_have_alone(int rows, int columns, int channels)
    {
        var device = TestDevices.Open("cpu");
        var once = new TensorShape(1, 1, rows, columns, channels);
        var random = new Random(5);
        var labels = LabelImages["objects"](once, random);
        var (f, g) = (Embeddings(once, labels, random), Embeddings(once, labels, random));
        int[] anchors = [3, 700, 1024, 90_000, (int)once.Voxels - 1];
        var one = Gradient(once, labels, f, g, [anchors]);
        var two = Gradient(once with { N = 2 }, [.. labels, .. labels], [.. f, .. f], [.. g, .. g], [anchors, anchors]);
        var scale = one.Max(Math.Abs);
        for (var i = 0; i < two.Length; i++)
        {
            if (Math.Abs(2 * two[i] - one[i % one.Length]) > 1e-6 * scale)
                Assert.Fail($"{i}: {2 * two[i]} instead of {one[i % one.Length]}");
        }

        float[] Gradient(TensorShape shape, int[] l, float[] f, float[] g, int[][] anchors)
        {
            using var scope = new TensorScope();
            using var batch = LabelBatch.From(shape.WithChannels(1), l);
            var e = Tensor.From(device, shape, f).WithGradient();
            Gradients.Backward(SpocoLoss.Apply(e, batch, Sparse, Tensor.From(device, shape, g), draws: new SpocoDraws { Anchors = anchors }).Total);
            return e.Gradient!.ToArray();
        }
    }

    /// <summary>
    /// Components that are 0 everywhere change neither the loss nor the other components' gradient, the reference's sums over lines included.
    /// </summary>
    [Test]
    public void Zero_components_change_nothing([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name, [Values] bool reference)
    {
        var device = TestDevices.Open(name);
        var few = new TensorShape(2, 1, 5, 7, 3);
        var many = few with { C = 8 };
        var random = new Random(6);
        var labels = LabelImages["objects"](few, random);
        var (f, g) = (Embeddings(few, labels, random), Embeddings(few, labels, random));
        int[][] anchors = [[3, 17], [34, 8]];
        var (loss, gradient) = Evaluate(few, f, g);
        var (wideLoss, wideGradient) = Evaluate(many, Widened(f), Widened(g));
        Assert.That(wideLoss, Is.EqualTo(loss).Within(1e-6 * Math.Abs(loss)));
        var scale = gradient.Max(Math.Abs);
        Assert.That(wideGradient, Is.EqualTo(Widened(gradient)).Within(1e-5 * scale));

        (double, float[]) Evaluate(TensorShape shape, float[] f, float[] g)
        {
            using var scope = new TensorScope();
            using var batch = LabelBatch.From(shape.WithChannels(1), labels);
            var e = Tensor.From(device, shape, f).WithGradient();
            TestDevices.SpoilWorkspace(device);
            var result = SpocoLoss.Apply(e, batch, Sparse with { ReferenceCompatible = reference }, Tensor.From(device, shape, g),
                draws: new SpocoDraws { Anchors = anchors });
            Gradients.Backward(result.Total);
            return (result.Total.ToScalar(), e.Gradient!.ToArray());
        }

        float[] Widened(float[] values) =>
            [.. Enumerable.Range(0, (int)many.Count).Select(i => i % many.C < few.C ? values[i / many.C * few.C + i % many.C] : 0)];
    }

    /// <summary>Anchors follow their definition: unlabelled, near no earlier anchor, and none is drawn once too few pixels remain.</summary>
    [Test]
    public void Anchors_follow_their_definition(
        [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name, [Values(0.2f, 1f)] float spread,
        [Values(false, true)] bool reference)
    {
        var device = TestDevices.Open(name);
        if (name == "ilgpu-cpu" && reference)
            Assert.Ignore("The simulator is slow: one case suffices.");
        var shape = new TensorShape(2, 1, 19, 23, 4);
        var random = new Random(8);
        var labels = LabelImages["objects"](shape, random);
        var f = Embeddings(shape, labels, random, spread);
        var g = Embeddings(shape, labels, random, spread);
        var options = Sparse with { MaximalAnchors = 6, RemainingFraction = 0.1f, ReferenceCompatible = reference };
        using var scope = new TensorScope();
        using var batch = LabelBatch.From(shape.WithChannels(1), labels);
        var tensor = Tensor.From(device, shape, f);
        var other = Tensor.From(device, shape, g);
        var result = SpocoLoss.Apply(tensor, batch, options, other, seed: 5);
        var pixels = (int)shape.VoxelsPerImage;
        for (var n = 0; n < shape.N; n++)
        {
            var left = Enumerable.Range(0, pixels).Where(i => labels[n * pixels + i] == 0).ToHashSet();
            Assert.That(result.Anchors[n], Is.Not.Empty);
            foreach (var (anchor, remaining) in result.Anchors[n].Zip(result.Remaining[n]))
            {
                Assert.That(left, Has.Count.GreaterThanOrEqualTo(0.1 * pixels), "an anchor was drawn although too few pixels were left");
                Assert.That(left, Does.Contain(anchor));
                left.RemoveWhere(i => Near(f, n, anchor, i) || Near(g, n, anchor, i));
                Assert.That(remaining, Is.EqualTo(left.Count).Within(1), "pixels at the margin may fall on either side");
            }

            Assert.That(result.Anchors[n].Length == options.MaximalAnchors || left.Count < 0.1 * pixels, "drawing stopped too early");
        }

        Assert.That(SpocoLoss.Apply(tensor, batch, options, other, seed: 5).Anchors, Is.EqualTo(result.Anchors), "same seed");
        Assert.That(SpocoLoss.Apply(tensor, batch, options, other, seed: 6).Anchors, Is.Not.EqualTo(result.Anchors), "another seed");

        // Giving the anchors that were drawn changes nothing.
        var given = SpocoLoss.Apply(tensor, batch, options, other, draws: new SpocoDraws { Anchors = result.Anchors });
        Assert.That(given.Total.ToScalar(), Is.EqualTo(result.Total.ToScalar()).Within(1e-6));

        bool Near(float[] e, int n, int a, int b)
        {
            var sum = 0f;
            for (var c = 0; c < shape.C; c++)
            {
                var d = e[(n * pixels + a) * shape.C + c] - e[(n * pixels + b) * shape.C + c];
                sum += d * d;
            }

            return MathF.Sqrt(sum) < options.PullMargin;
        }
    }

    [Test]
    public void A_cross_entropy_has_one_gradient_whether_anchors_are_drawn_or_given([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        var device = TestDevices.Open(name);
        var shape = new TensorShape(2, 1, 19, 23, 4);
        var random = new Random(8);
        var labels = LabelImages["objects"](shape, random);
        float[] f = Embeddings(shape, labels, random, 0.2f), g = Embeddings(shape, labels, random, 0.2f);
        var options = Sparse with { MaximalAnchors = 12, RemainingFraction = 0.2f, ReferenceCompatible = true, InstanceLoss = InstanceLoss.Bce };
        using var scope = new TensorScope();
        using var batch = LabelBatch.From(shape.WithChannels(1), labels);
        var other = Tensor.From(device, shape, g);
        var e = Tensor.From(device, shape, f).WithGradient();
        var drawn = SpocoLoss.Apply(e, batch, options, other, seed: 5);
        var given = SpocoLoss.Apply(e, batch, options, other, draws: new SpocoDraws { Anchors = drawn.Anchors });
        Assert.That(drawn.Anchors.Min(a => a.Length), Is.InRange(1, 11), "some anchors of those selected are left out");
        var expected = Gradients.Of(given.Total, [e])[0].ToArray();
        Assert.That(Gradients.Of(drawn.Total, [e])[0].ToArray(), Is.EqualTo(expected).Within(1e-6 + 1e-5 * expected.Max(Math.Abs)));
    }

    [Test]
    public void Few_unlabelled_pixels_have_no_consistency()
    {
        var device = TestDevices.Open("cpu");
        var shape = new TensorShape(1, 1, 5, 9, 2);
        var labels = Enumerable.Repeat(1, 45).ToArray();
        labels[3] = labels[4] = 0;
        var random = new Random(1);
        using var scope = new TensorScope();
        using var batch = LabelBatch.From(shape.WithChannels(1), labels);
        var e = Tensor.From(device, shape, Embeddings(shape, labels, random));
        Assert.That(SpocoLoss.Apply(e, batch, Sparse, e).Anchors[0], Is.Empty);
        Assert.That(SpocoLoss.Apply(e, batch, Sparse with { RemainingFraction = 0.04f }, e).Anchors[0], Is.Not.Empty);
    }

    [Test]
    public void Takes_no_device_memory_in_steady_state_and_returns_all([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        var device = TestDevices.Open(name);
        var shape = new TensorShape(1, 1, 3, 5, 5);
        var random = new Random(1);
        var labels = LabelImages["background"](shape, random);
        var f = Embeddings(shape, labels, random);
        var live = device.Pool.Statistics.LiveBlocks;
        long allocations = 0;
        for (var step = 0; step < 3; step++)
        {
            if (step == 2)
                allocations = device.Pool.Statistics.DeviceAllocations;
            using (new TensorScope())
            {
                using var batch = LabelBatch.From(shape.WithChannels(1), labels);
                var e = Tensor.From(device, shape, f).WithGradient();
                Gradients.Backward(SpocoLoss.Apply(e, batch, Sparse with { ForegroundChannel = true }, Tensor.From(device, shape, f), seed: step).Total);
            }
        }

        Assert.That(device.Pool.Statistics.DeviceAllocations, Is.EqualTo(allocations));
        Assert.That(device.Pool.Statistics.LiveBlocks, Is.EqualTo(live));
    }

    [Test]
    public void Without_recording_no_gradient_is_computed()
    {
        var device = TestDevices.Open("cpu");
        var shape = new TensorShape(1, 1, 3, 5, 4);
        var random = new Random(1);
        var labels = LabelImages["objects"](shape, random);
        using var scope = new TensorScope();
        using var batch = LabelBatch.From(shape.WithChannels(1), labels);
        var e = Tensor.From(device, shape, Embeddings(shape, labels, random)).WithGradient();
        var recorded = SpocoLoss.Apply(e, batch, Sparse, e.Detach());
        using var pause = Gradients.NoRecording();
        var plain = SpocoLoss.Apply(e, batch, Sparse, e.Detach());
        Assert.That(plain.Total.RequiresGradient, Is.False);
        Assert.That(plain.Total.ToScalar(), Is.EqualTo(recorded.Total.ToScalar()));
    }

    [Test]
    public void Bad_arguments_are_named()
    {
        var device = TestDevices.Open("cpu");
        var shape = new TensorShape(1, 1, 2, 3, 4);
        using var scope = new TensorScope();
        using var batch = LabelBatch.From(shape.WithChannels(1), new int[6]);
        var e = Tensor.Zeros(device, shape);
        Assert.That(() => SpocoLoss.Apply(Tensor.Zeros(device, shape with { W = 4 }), batch),
            Throws.ArgumentException.With.Message.Contains("[1,1,2,3,1]"));
        Assert.That(() => SpocoLoss.Apply(e, batch, momentumEmbeddings: Tensor.Zeros(device, shape with { C = 3 })), Throws.ArgumentException);
        Assert.That(() => SpocoLoss.Apply(e, batch, momentumEmbeddings: e, draws: new SpocoDraws { Anchors = [[6]] }),
            Throws.ArgumentException.With.Message.Contains("anchor 6"));
        Assert.That(() => SpocoLoss.Apply(e, batch, new SpocoLossOptions { PullMargin = 0 }),
            Throws.ArgumentException.With.Message.Contains("PullMargin"));
        Assert.That(() => SpocoLoss.Apply(e, batch, new SpocoLossOptions { KernelThreshold = 1 }),
            Throws.ArgumentException.With.Message.Contains("KernelThreshold"));
        Assert.That(() => SpocoLoss.Apply(e, batch, new SpocoLossOptions { PushWeight = float.NaN }),
            Throws.ArgumentException.With.Message.Contains("PushWeight"));
        Assert.That(() => LabelBatch.From(shape.WithChannels(1), [0, 0, 0, -2, 0, 0]), Throws.ArgumentException.With.Message.Contains("-2"));
        Assert.That(() => LabelBatch.From(shape.WithChannels(1), new int[5]), Throws.ArgumentException);
    }

    [Test]
    public void Labels_are_numbered_in_ascending_order()
    {
        using var batch = LabelBatch.From(new TensorShape(2, 1, 2, 3, 1), [700, 700, 3, 0, 3, 700, 5, 5, 2, 5, 5, 5]);
        Assert.That(string.Join(", ", batch.Labels.ToArray()), Is.EqualTo("0, 3, 700, 2, 5"));
        Assert.That(string.Join(", ", batch.ImageClusters.ToArray()), Is.EqualTo("0, 3, 5"));
        Assert.That(string.Join(", ", batch.Pixels(2).ToArray()), Is.EqualTo("0, 1, 5"));
        Assert.That(string.Join(", ", batch.Pixels(3).ToArray()), Is.EqualTo("8"));
    }

    [Test]
    public void Certain_background_is_unlabelled_and_remembered()
    {
        using var batch = LabelBatch.From(new TensorShape(2, 1, 1, 4, 1), [-1, 3, 0, 3, 2, -1, -1, 2]);
        Assert.That(string.Join(", ", batch.Labels.ToArray()), Is.EqualTo("0, 3, 0, 2"));
        Assert.That(string.Join(", ", batch.Pixels(0).ToArray()), Is.EqualTo("0, 2"));
        Assert.That(string.Join(", ", batch.BackgroundPixels.ToArray()), Is.EqualTo("0, 5, 6"));
    }

    [Test]
    public void Positive_unlabelled_loss_alone(
        [ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name, [Values("objects", "background", "background alone")] string labelImage,
        [Values(0.05, 0.7)] double share)
    {
        const int seed = 3;
        var shape = new TensorShape(2, 1, 5, 61, 3);
        var random = new Random(seed);
        using var batch = LabelBatch.From(shape.WithChannels(1), LabelImages[labelImage](shape, random));
        GradientCheck.Run(TestDevices.Open(name), t => PositiveUnlabelledLoss.Apply(t[0], batch, 1, new SpocoLossOptions { ForegroundShare = share }),
            [(shape, [.. GradientCheck.RandomValues(random, shape.Count).Select(v => 4 * v)])], seed, step: 0.05f, tolerance: 2e-2, samples: 20);
    }

    /// <summary>Where all objects are labelled and the share is theirs, R+ + R- is the cross-entropy and the Dice that of complete labels.</summary>
    [Test]
    public void Positive_unlabelled_loss_of_complete_labels_is_that_of_full_supervision()
    {
        var shape = new TensorShape(1, 1, 9, 13, 1);
        var random = new Random(6);
        var labels = LabelImages["objects"](shape, random);
        using var scope = new TensorScope();
        using var batch = LabelBatch.From(shape, labels);
        var z = Tensor.From(TestDevices.Open("cpu"), shape, GradientCheck.RandomValues(random, shape.Count));
        var share = labels.Count(l => l > 0) / (double)labels.Length;
        Assert.That(PositiveUnlabelledLoss.Apply(z, batch, 0, new SpocoLossOptions { ForegroundShare = share, ForegroundOutline = 0 }).ToScalar(), Is.EqualTo(ForegroundLoss.Apply(z, batch, 0).ToScalar()).Within(1e-5));
    }

    [Test]
    public void Positive_unlabelled_loss_refuses_what_does_not_fit()
    {
        var shape = new TensorShape(1, 1, 2, 3, 2);
        using var scope = new TensorScope();
        using var batch = LabelBatch.From(shape.WithChannels(1), [0, 1, 1, 0, -1, 0]);
        var z = Tensor.Filled(TestDevices.Open("cpu"), shape, 0);
        foreach (var share in (double[])[0, 1, -0.1, double.NaN])
            Assert.That(() => PositiveUnlabelledLoss.Apply(z, batch, 1, new SpocoLossOptions { ForegroundShare = share }),
                Throws.ArgumentException.With.Message.Contains("ForegroundShare"));
        Assert.That(() => PositiveUnlabelledLoss.Apply(z, batch, 1, new SpocoLossOptions(), Tensor.Filled(z.Device, shape with { C = 1 }, 0)), Throws.ArgumentException);
        foreach (var weight in (double[])[-1, double.NaN, double.PositiveInfinity])
        {
            Assert.That(() => PositiveUnlabelledLoss.Apply(z, batch, 1, new SpocoLossOptions { ForegroundAgreement = weight }), Throws.ArgumentException);
            Assert.That(() => PositiveUnlabelledLoss.Apply(z, batch, 1, new SpocoLossOptions { ForegroundOutline = weight }), Throws.ArgumentException);
        }

        Assert.That(() => PositiveUnlabelledLoss.Apply(z, batch, 2, new SpocoLossOptions()), Throws.ArgumentException.With.Message.Contains("channel 2"));
    }

    [Test]
    public void Foreground_loss_alone([ValueSource(typeof(TestDevices), nameof(TestDevices.All))] string name)
    {
        const int seed = 3;
        var shape = new TensorShape(2, 1, 5, 61, 3);
        var random = new Random(seed);
        var labels = LabelImages["objects"](shape, random);
        using var batch = LabelBatch.From(shape.WithChannels(1), labels);
        GradientCheck.Run(TestDevices.Open(name), t => ForegroundLoss.Apply(t[0], batch, 1, balance: 4),
            [(shape, [.. GradientCheck.RandomValues(random, shape.Count).Select(v => 4 * v)])], seed, step: 0.05f, tolerance: 2e-2, samples: 20);
    }

    private static SpocoLossOptions Consistency(SpocoLossOptions options) =>
        options with { PullWeight = 0, PushWeight = 0, RegulariserWeight = 0, InstanceWeight = 0, UnlabelledPushWeight = 0 };

    /// <summary>Runs of random length with random labels, different in every image.</summary>
    private static int[] Blocks(TensorShape shape, Random random, int objects, bool zero)
    {
        var labels = new int[shape.Voxels];
        for (var i = 0; i < labels.Length;)
        {
            var label = random.Next(zero ? 0 : 1, objects + 1);
            for (var run = random.Next(1, 9); run > 0 && i < labels.Length; run--)
                labels[i++] = label;
        }

        return labels;
    }

    /// <summary>Every label has its own centre; all hinges and masks are partly active.</summary>
    private static float[] Embeddings(TensorShape shape, int[] labels, Random random, float spread = 1)
    {
        var centres = new Dictionary<int, float[]>();
        var values = new float[shape.Count];
        for (var i = 0; i < labels.Length; i++)
        {
            if (!centres.TryGetValue(labels[i], out var centre))
                centres[labels[i]] = centre = GradientCheck.RandomValues(random, shape.C);
            for (var c = 0; c < shape.C; c++)
                values[i * shape.C + c] = centre[c] + spread * 0.9f * ((float)random.NextDouble() - 0.5f);
        }

        return values;
    }

    private static double[] Widen(float[] values) => Array.ConvertAll(values, v => (double)v);
}
