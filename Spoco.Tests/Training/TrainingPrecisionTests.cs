using Spoco.Cli.Demo;
using Spoco.Engine;
using Spoco.Engine.Checkpoints;
using Spoco.Engine.Segmentation;
using Spoco.Engine.Training;
using Spoco.Kernels;

namespace Spoco.Tests.Training;

/// <summary>The <see cref="Precision"/> of trainings and of predictions, on a device that others use, too.</summary>
public sealed class TrainingPrecisionTests : FolderTests
{
    private static readonly TrainingSettings Small = new()
    {
        Data = new() { Patch = [16, 16], BatchSize = 1 }, Network = new() { Maps = [4, 8], Embedding = 4 }, Optimiser = new() { Iterations = 2, Precision = Precision.BF16 },
        Validation = new() { Every = 2 },
    };

    /// <summary>While a training runs, the device is its own; afterwards it is as it was, however the training ends.</summary>
    [Test]
    public void A_training_sets_it_for_its_own_run()
    {
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = 1, Precision = Precision.TF32 });
        using var training = SpocoTraining.Start(Data(Small), Small, device);
        Assert.That((training.Precision, device.Precision), Is.EqualTo((Precision.BF16, Precision.TF32)));
        var during = new List<Precision>();
        training.Run(new TrainingObserver(_ => during.Add(device.Precision)));
        Assert.That(during, Is.EqualTo(new[] { Precision.BF16, Precision.BF16 }));
        Assert.That(device.Precision, Is.EqualTo(Precision.TF32));
        training.TakeAsBest();
        Assert.That(device.Precision, Is.EqualTo(Precision.TF32));

        using var failing = SpocoTraining.Start(Data(Small), Small, device);
        Assert.That(() => failing.Run(new TrainingObserver(_ => throw new InvalidOperationException("stop"))), Throws.InvalidOperationException);
        Assert.That(device.Precision, Is.EqualTo(Precision.TF32));
        Assert.That(() => failing.Run(cancellation: new CancellationToken(true)), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(device.Precision, Is.EqualTo(Precision.TF32));
    }

    [Test]
    public void A_prediction_has_that_of_its_model([Values] Precision precision)
    {
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = 1, Precision = Precision.TF32 });
        using var model = new SpocoModel(device, SmallTraining.ModelOptions with { Precision = precision }, trained: false);
        model.Initialise(1);
        var image = new Volume<float>(1, 40, 40);
        var during = new HashSet<Precision>();
        var watch = new Watch(() => during.Add(device.Precision));
        model.Predict(image, withMomentum: true, watch);
        model.Predict(image, model.PredictionBytes(1, 40, 40), withMomentum: true, watch);
        Assert.That(during, Is.EqualTo(new[] { precision }));
        OrientationAverage.PredictOnDevice(model, image, orientations: 2).Dispose();
        Assert.That(device.Precision, Is.EqualTo(Precision.TF32));
    }

    /// <summary>The numbers themselves, where a device rounds: matrix units are emulated here.</summary>
    [Test]
    public void Networks_are_rounded_where_the_device_rounds([Values("opencl:0", "cuda:0")] string name)
    {
        var device = TestDevices.Open(name);
        using var convolution = device.Algorithms.Force("Convolution", "matrix");
        using var unit = device.Algorithms.Force("NormConvolution", "matrix");
        var options = SmallTraining.ModelOptions with { Network = SmallTraining.ModelOptions.Network with { FeatureMaps = [16, 32, 64] } };
        using var model = new SpocoModel(device, options, trained: false);
        model.Initialise(1);
        var (image, _) = SyntheticCells.Draw(3, 0, 32, 32);
        image = model.Normalise(image);
        var exact = Predict(Precision.F32);
        var (coarse, coarsest) = (Distance(Predict(Precision.TF32)), Distance(Predict(Precision.BF16)));
        TestContext.Out.WriteLine($"embeddings of tf32 differ by {coarse:0.0e0}, those of bf16 by {coarsest:0.0e0}");
        Assert.That(coarse, Is.InRange(5e-5, 2e-4), "docs/precision.md");
        Assert.That(coarsest, Is.InRange(5e-4, 2e-3), "docs/precision.md");
        var losses = ((Precision[])[Precision.F32, Precision.TF32]).Select(precision =>
        {
            var settings = Small with { Optimiser = Small.Optimiser with { Iterations = 1, Precision = precision } };
            using var training = SpocoTraining.Start(Data(settings), settings, device);
            return training.Run().Losses[0];
        }).ToArray();
        Assert.That(losses[1], Is.Not.EqualTo(losses[0]).And.EqualTo(losses[0]).Within(0.02 * losses[0]));
        Assert.That(device.Precision, Is.EqualTo(Precision.F32));

        float[] Predict(Precision precision)
        {
            model.Precision = precision;
            return model.Predict(image).Embeddings.Data;
        }

        double Distance(float[] embeddings) => exact.Zip(embeddings, (a, b) => Math.Abs(a - b)).Max() / exact.Max(Math.Abs);
    }

    [TestCase(MatrixUnits.None, Precision.F32)]
    [TestCase(MatrixUnits.Float16, Precision.F32)]
    [TestCase(MatrixUnits.Float16 | MatrixUnits.BFloat16 | MatrixUnits.TensorFloat32, Precision.TF32)]
    public void Trainings_are_rounded_where_there_are_units_for_it(MatrixUnits units, Precision expected)
    {
        var device = new Capabilities(false, false, 1024, 32, 48 << 10, true, true, units);
        Assert.That(device.RoundsFactors, Is.EqualTo(expected != Precision.F32));
        Assert.That(new OptimiserSettings().PrecisionOn(device), Is.EqualTo(expected));
        foreach (var precision in Enum.GetValues<Precision>())
            Assert.That(new OptimiserSettings { Precision = precision }.PrecisionOn(device), Is.EqualTo(precision), "what was asked for");
    }

    /// <summary>What numbers depend on: the precision, where it makes a difference.</summary>
    [Test]
    public void The_computer_includes_the_precision_where_the_device_rounds()
    {
        var units = new Capabilities(false, false, 1024, 32, 48 << 10, true, true, MatrixUnits.BFloat16 | MatrixUnits.TensorFloat32);
        Assert.That(SpocoTraining.ComputerOf("cuda:0 (A)", units, Precision.TF32), Is.EqualTo("cuda:0 (A) in TF32"));
        Assert.That(SpocoTraining.ComputerOf("cuda:0 (A)", units, Precision.F32), Is.EqualTo("cuda:0 (A) in F32"));
        Assert.That(SpocoTraining.ComputerOf("opencl:0 (B)", units with { MatrixUnits = MatrixUnits.None }, Precision.TF32), Is.EqualTo("opencl:0 (B)"));
    }

    [Test]
    public void A_checkpoint_keeps_that_of_the_model([Values] Precision precision)
    {
        var device = TestDevices.Open("cpu");
        using (var model = new SpocoModel(device, SmallTraining.ModelOptions))
        {
            Assert.That(model.Precision, Is.EqualTo(Precision.F32));
            model.Precision = precision;
            Checkpoint.Save(PathOf("model"), model);
            using var copy = model.Copy();
            Assert.That(copy.Precision, Is.EqualTo(precision));
            Assert.That(() => model.Precision = (Precision)7, Throws.ArgumentException.With.Message.EqualTo("SpocoModel: there is no precision 7."));
            Assert.That(model.Precision, Is.EqualTo(precision));
        }

        using var read = Checkpoint.Load(PathOf("model"), device);
        Assert.That(read.Precision, Is.EqualTo(precision));

        // A training that is resumed goes on with a model that predicts as it did.
        using var training = SpocoTraining.Start(Data(Small), Small, device);
        training.Model.Precision = precision;
        training.Save(PathOf("training"));
        using var resumed = SpocoTraining.Resume(PathOf("training"), Data(Small), Small, device);
        Assert.That(resumed.Model.Precision, Is.EqualTo(precision));
    }

    [Test]
    public void A_precision_that_is_none_is_refused()
    {
        var settings = Small with { Optimiser = new() { Precision = (Precision)7 } };
        Assert.That(settings.Validate, Throws.TypeOf<InputException>().With.Message.EqualTo("Optimiser.Precision: there is no precision 7."));
    }

    private static TrainingSet Data(TrainingSettings settings)
    {
        var (image, labels) = SyntheticCells.Draw(3, 0, 24, 24);
        return TrainingSet.Of([image, image], [labels, labels], settings);
    }

    private sealed class Watch(Action report) : IProgress<double>
    {
        public void Report(double value) => report();
    }
}
