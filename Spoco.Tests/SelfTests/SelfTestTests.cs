using Spoco.Cli.Commands;
using Spoco.Engine.SelfTests;
using Spoco.Kernels;
using Spoco.Tests.CommandLine;

namespace Spoco.Tests.SelfTests;

/// <summary>What a self test makes of devices that are wrong, fail or hang.</summary>
public sealed class SelfTestTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [TestCase(1f, 1f, 0)]
    [TestCase(1.5f, 1f, 0.25)]
    [TestCase(float.NaN, 1f, double.PositiveInfinity)]
    [TestCase(1f, float.NaN, double.PositiveInfinity)]
    [TestCase(float.NaN, float.NaN, 0)]
    [TestCase(float.PositiveInfinity, 1f, double.PositiveInfinity)]
    [TestCase(float.PositiveInfinity, float.PositiveInfinity, 0)]
    [TestCase(float.PositiveInfinity, float.NegativeInfinity, double.PositiveInfinity)]
    public void Errors_are_relative_to_the_largest_value(float actual, float expected, double error)
    {
        var (found, where) = SelfCheck.Compare([new("y", [2, actual, 0])], [new("y", [2, expected, 0])]);
        Assert.That(found, Is.EqualTo(error));
        Assert.That(where, error == 0 ? Is.Empty : Does.StartWith("y[1] is "));
    }

    [Test]
    public void Errors_where_zero_is_expected_are_absolute_and_lengths_count()
    {
        Assert.That(SelfCheck.Compare([new("y", [0, 3])], [new("y", [0, 0])]).Error, Is.EqualTo(3));
        Assert.That(SelfCheck.Compare([new("y", [0])], [new("y", [0, 0])]).Error, Is.EqualTo(double.PositiveInfinity));
        Assert.That(SelfCheck.Compare([], [new("y", [0, 0])]).Error, Is.EqualTo(double.PositiveInfinity));
    }

    [Test]
    public void Right_results_pass_wrong_ones_and_exceptions_fail_and_the_rest_goes_on()
    {
        var opened = 0;
        SelfCheck[] checks =
        [
            Check("right", _ => 1), Check("wrong", device => device.Kind == DeviceKind.Host ? 1 : 1.1f),
            Check("throws", device => device.Kind == DeviceKind.Host ? 1 : throw new InvalidOperationException("two\nlines")), Check("right again", _ => 1),
        ];
        var results = Run(checks, out var failed, out var hangs, Limit, () => ++opened);
        Assert.That((failed, hangs, opened), Is.EqualTo((2, false, 2)), "the device is opened anew after an exception");
        Assert.That(results.Select(r => r.Passed), Is.EqualTo(new[] { true, false, false, true }));
        Assert.That(results[1].Problem, Is.EqualTo("y[0] is 1.1, expected 1"));
        Assert.That(results[1].Error, Is.EqualTo(0.1).Within(1e-6));
        Assert.That(results[2].Problem, Is.EqualTo("InvalidOperationException: two lines"));
    }

    [Test]
    public void A_check_that_hangs_is_named_and_ends_the_test()
    {
        using var release = new ManualResetEventSlim();
        SelfCheck[] checks =
        [
            Check("right", _ => 1),
            Check("hangs", _ =>
            {
                release.Wait();
                return 1;
            }),
            Check("waits", _ => 1),
        ];
        var results = Run(checks, out var failed, out var hangs, TimeSpan.FromSeconds(2));
        release.Set();
        Assert.That((failed, hangs), Is.EqualTo((2, true)));
        Assert.That(results.Select(r => r.Problem), Is.EqualTo(new[] { null, "hangs: no result after 2 s", "not run: an earlier check hangs" }));
    }

    [Test]
    public void A_device_that_cannot_be_opened_again_ends_the_test()
    {
        var opened = 0;
        var results = Run([Check("throws", _ => throw new InvalidOperationException("lost")), Check("waits", _ => 1)], out var failed, out _, Limit,
            () => ++opened > 1 ? throw new InvalidOperationException("gone") : opened);
        Assert.That(failed, Is.EqualTo(2));
        Assert.That(results[1].Problem, Is.EqualTo("not run: the device cannot be opened again: gone"));
        Assert.That(() => new SelfTest(() => throw new InvalidOperationException("no driver"), true, Limit).Run(_ => { }, _ => { }),
            Throws.InstanceOf<DeviceException>().With.Message.Contains("no driver"));
    }

    [Test]
    public void Cancellation_ends_the_test_after_the_check_that_runs()
    {
        using var cancellation = new CancellationTokenSource();
        var seen = 0;
        var test = new SelfTest(
            () => ComputeDevice.Open("ilgpu-cpu"), _ => ComputeDevice.Open("cpu"), _ => [Check("first", _ => 1), Check("cancels", _ => Cancel()), Check("never", _ => 1)], Limit);
        Assert.That(() => test.Run(_ => { }, _ => seen++, cancellation.Token), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(seen, Is.EqualTo(2));

        float Cancel()
        {
            cancellation.Cancel();
            return 1;
        }
    }

    [Test]
    public void No_device_is_compared_with_itself()
    {
        foreach (var (name, reference) in (((string, string)[])[("cpu", "ilgpu-cpu"), ("ilgpu-cpu", "cpu")]))
        {
            using var cancellation = new CancellationTokenSource();
            SelfTestSubject? subject = null;
            var test = new SelfTest(() => ComputeDevice.Open(name), quick: true, Limit);
            Assert.That(() => test.Run(s => subject = s, _ => cancellation.Cancel(), cancellation.Token), Throws.InstanceOf<OperationCanceledException>());
            Assert.That((subject!.Device.StartsWith($"{name} (", StringComparison.Ordinal), subject.Reference.StartsWith($"{reference} (", StringComparison.Ordinal)),
                Is.EqualTo((true, true)));
        }
    }

    [Test]
    public void The_command_passes_on_OpenCL_and_says_what_it_tested()
    {
        var device = TestDevices.Open("opencl:0");
        var run = CommandLineRun.Of("selftest", "--device", "opencl:0", "--quick").AssertSuccess();
        Assert.That(run.Output, Does.Match(@"Spoco \S+, ILGPU \S+, \.NET [^\n]+\ndevice +opencl:0 \([^\n]+\ndriver +[^\n]+driver [^\n]+\ncompared with +cpu [^\n]+\noperation "));
        Assert.That(run.Output, Does.Contain(device.Driver).And.Match(@"\n\d\d+ checks, 0 failed, \d+ s\n"));
        Assert.That(run.Output.Split('\n').Count(l => l.EndsWith("  ok", StringComparison.Ordinal)), Is.GreaterThan(90));
    }

    [Test]
    public void The_command_ends_with_1_where_a_check_fails()
    {
        var (output, printed) = (Console.Out, new StringWriter());
        Console.SetOut(printed);
        try
        {
            var test = new SelfTest(
                () => ComputeDevice.Open("ilgpu-cpu"), _ => ComputeDevice.Open("cpu"),
                _ => [Check("right", _ => 1), Check("wrong", device => device.Kind == DeviceKind.Host ? 1 : 1.1f)], Limit);
            Assert.That(SelfTestCommand.Run(test, default), Is.EqualTo(1));
        }
        finally
        {
            Console.SetOut(output);
        }

        Assert.That($"{printed}", Does.Match(@"test +right +0 +1.0e-3 +\d+ ms  ok\n").And.Match(@"test +wrong +1.0e-1 +1.0e-3 +\d+ ms  FAILED y\[0\] is 1.1, expected 1\n2 checks, 1 failed"));
    }

    [Test]
    public void The_command_ends_its_process_where_something_hangs()
    {
        using var process = ProgramProcess.Start(["selftest", "--device", "ilgpu-cpu", "--quick", "--limit", "0.001"]);
        var output = process.StandardOutput.ReadToEndAsync();
        Assert.That(process.WaitForExit(TimeSpan.FromMinutes(2)));
        Assert.That(process.ExitCode, Is.EqualTo(1));
        Assert.That(output.Result, Does.Contain("FAILED hangs: no result after 0.001 s"));
    }

    [TestCase("0")]
    [TestCase("-3")]
    [TestCase("NaN")]
    public void A_limit_that_is_none_is_bad_input(string limit) => CommandLineRun.Of("selftest", "--limit", limit).AssertBadInput("--limit");

    [Test]
    public void A_device_that_is_not_there_is_bad_input() => CommandLineRun.Of("selftest", "--device", "cuda:77").AssertBadInput("cuda:77");

    private static SelfCheck Check(string name, Func<ComputeDevice, float> value) => new("test", name, 1e-3, device => [new("y", [value(device)])]);

    private static List<SelfCheckResult> Run(SelfCheck[] checks, out int failed, out bool hangs, TimeSpan limit, Func<int>? opening = null)
    {
        var results = new List<SelfCheckResult>();
        var test = new SelfTest(
            () =>
            {
                opening?.Invoke();
                return ComputeDevice.Open("ilgpu-cpu");
            },
            _ => ComputeDevice.Open("cpu"), _ => checks, limit);
        failed = test.Run(subject => Assert.That(subject.Checks, Is.EqualTo(checks.Length)), results.Add);
        hangs = test.Hangs;
        return results;
    }
}
