using Spoco.Bench;

namespace Spoco.Tests.Bench;

/// <summary><c>spoco-bench overhead</c>.</summary>
public sealed class StepOverheadTests
{
    [Test]
    public void A_step_without_launches_is_counted_and_timed()
    {
        var (output, printed) = (Console.Out, new StringWriter());
        Console.SetOut(printed);
        try
        {
            StepOverhead.Run(TrainingStepBench.Find("tiny 2D"), 2, new AlgorithmRequest());
        }
        finally
        {
            Console.SetOut(output);
        }

        Assert.That($"{printed}".Trim().Split('\n'), Has.Length.EqualTo(3));
        Assert.That($"{printed}", Does.Match(@"^tiny 2D: \d+ launches, 1 clears, 1 reads, \d+ writes; \d+\.\d\d ms .* us a launch, \d+ KiB managed"));
    }
}
