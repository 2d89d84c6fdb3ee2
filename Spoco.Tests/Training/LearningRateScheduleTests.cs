using Spoco.Engine.Training;
using Spoco.Tests.Golden;

namespace Spoco.Tests.Training;

public sealed class LearningRateScheduleTests
{
    public static IEnumerable<GoldenCase> GoldenCases => GoldenSet.Torch.Cases("lr_schedule");

    /// <summary>The reference changes its rate once per epoch.</summary>
    [TestCaseSource(nameof(GoldenCases))]
    public void Cosine_and_multistep_equal_the_reference(GoldenCase golden)
    {
        var (rate, epochs) = (golden.Params.GetProperty("lr").GetDouble(), golden.Params.GetProperty("epochs").GetInt32());
        var milestones = golden.Params.GetProperty("schedule").EnumerateArray().Select(m => m.GetDouble()).ToArray();
        var (cosine, multistep) = (golden.Float64("cos"), golden.Float64("multistep"));
        for (var epoch = 0; epoch < epochs; epoch++)
        {
            Assert.That(LearningRateSchedule.CosineRate(rate, epoch, epochs), Is.EqualTo(cosine[epoch]).Within(1e-12 * rate), $"cosine, epoch {epoch}");
            Assert.That(LearningRateSchedule.MultiStepRate(rate, epoch, epochs, milestones), Is.EqualTo(multistep[epoch]).Within(1e-12 * rate), $"multistep, epoch {epoch}");
        }
    }

    [Test]
    public void Cosine_falls_from_the_start_value_to_nothing()
    {
        var schedule = new LearningRateSchedule(new ScheduleOptions { Kind = ScheduleKind.Cosine, LearningRate = 0.1, Iterations = 100 });
        Assert.That(schedule.Rate(0), Is.EqualTo(0.1));
        Assert.That(schedule.Rate(50), Is.EqualTo(0.05).Within(1e-12));
        Assert.That(schedule.Rate(100), Is.EqualTo(0).Within(1e-12));
        Assert.That(schedule.Rate(1000), Is.EqualTo(0).Within(1e-12));
    }

    [Test]
    public void Warm_up_rises_to_the_rate()
    {
        var schedule = new LearningRateSchedule(new ScheduleOptions { Kind = ScheduleKind.Constant, LearningRate = 1, WarmUp = 3 });
        Assert.That(Enumerable.Range(0, 5).Select(i => schedule.Rate(i)), Is.EqualTo(new[] { 0.25, 0.5, 0.75, 1, 1 }));
    }

    [Test]
    public void A_plateau_reduces_the_rate_and_ends_the_training()
    {
        var schedule = new LearningRateSchedule(
            new ScheduleOptions { Kind = ScheduleKind.ReduceOnPlateau, LearningRate = 1, Patience = 1, Factor = 0.1, Minimum = 0.05 });
        foreach (var loss in new[] { 3.0, 2.0, 2.0, 1.99999 })
            schedule.Observe(loss);
        Assert.That(schedule.Rate(0), Is.EqualTo(0.1).Within(1e-12), "two validations without a real improvement");
        Assert.That(schedule.IsOver, Is.False);

        // A resumed schedule goes on where the old one was.
        var resumed = new LearningRateSchedule(
            new ScheduleOptions { Kind = ScheduleKind.ReduceOnPlateau, LearningRate = 1, Patience = 1, Factor = 0.1, Minimum = 0.05 }) { State = schedule.State };
        resumed.Observe(2.5);
        resumed.Observe(2.5);
        Assert.That(resumed.Rate(0), Is.EqualTo(0.01).Within(1e-12));
        Assert.That(resumed.IsOver);
    }

    [TestCase(0)]
    [TestCase(-1)]
    [TestCase(double.NaN)]
    public void Impossible_rates_are_refused(double rate) =>
        Assert.That(() => new LearningRateSchedule(new ScheduleOptions { LearningRate = rate }), Throws.ArgumentException);
}
