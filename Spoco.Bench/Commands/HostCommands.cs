using System.CommandLine;
using Spoco.Cli.Commands;
using Spoco.Engine;

namespace Spoco.Bench.Commands;

/// <summary>The commands that look into the <c>cpu</c> device, and into what the host does for others.</summary>
internal static class HostCommands
{
    public static Command Breakdown()
    {
        var (net, repeats) = (Network(), Repeats(10));
        var common = new CommonOptions();
        var command = new Command("breakdown", "A training step on the cpu device by phase and kernel.") { net, repeats, common.Threads }.WithExamples("spoco-bench breakdown UNet2D");
        var algorithms = With(command);
        command.SetAction(result => Bench.Breakdown.Run(
            TrainingStepBench.Find(result.GetValue(net)!), Positive(result, repeats), common.ThreadsOf(result) ?? Environment.ProcessorCount, algorithms.Of(result)));
        return command;
    }

    public static Command Scaling()
    {
        var (net, repeats) = (Network(), Repeats(10));
        var command = new Command("scaling", "How much faster a training step on the cpu device becomes with all threads.") { net, repeats }.WithExamples("spoco-bench scaling UNet2D");
        var algorithms = With(command);
        command.SetAction(result => Bench.Scaling.Run(TrainingStepBench.Find(result.GetValue(net)!), Positive(result, repeats), algorithms.Of(result)));
        return command;
    }

    public static Command Convolutions()
    {
        var repeats = Repeats(5);
        var command = new Command("convolutions", "Every convolution of the networks on the cpu device, best of some calls.") { repeats };
        var algorithms = With(command);
        command.SetAction(result => ConvolutionTable.Run(Positive(result, repeats), algorithms.Of(result)));
        return command;
    }

    public static Command Overhead()
    {
        var (net, repeats) = (Network(), Repeats(200));
        var command = new Command("overhead", "What a training step on a GPU costs the host: launches, time and managed memory of a step whose launches do nothing. Needs no GPU.") { net, repeats }
            .WithExamples("spoco-bench overhead UNet2D");
        var algorithms = With(command);
        command.SetAction(result => StepOverhead.Run(TrainingStepBench.Find(result.GetValue(net)!), Positive(result, repeats), algorithms.Of(result)));
        return command;
    }

    public static Command Memory()
    {
        var net = Network();
        var command = new Command("memory", "The most memory that a training step takes of a GPU with matrix units, by precision, and how many images an 80 GB card has room for. Needs no GPU.") { net }
            .WithExamples("spoco-bench memory UNet3D");
        command.SetAction(result => StepMemory.Run(TrainingStepBench.Find(result.GetValue(net)!)));
        return command;
    }

    private static AlgorithmOptions With(Command command)
    {
        var algorithms = new AlgorithmOptions();
        algorithms.AddTo(command);
        return algorithms;
    }

    private static Argument<string> Network() => new("network")
    {
        Description = $"A part of a network's name: {string.Join(", ", TrainingStepBench.Networks)}.", DefaultValueFactory = _ => "UNet3D",
    };

    private static Argument<int> Repeats(int count) => new("repeats") { Description = "Steps or calls.", DefaultValueFactory = _ => count };

    private static int Positive(ParseResult result, Argument<int> argument) => result.GetValue(argument) is > 0 and var number
        ? number
        : throw new InputException($"{argument.Name}: expected a positive number, got {result.GetValue(argument)}.");
}
