using System.Reflection;
using ILGPU;
using ILGPU.Runtime;
using Spoco.Kernels;

namespace Spoco.Tests.Interleavings;

/// <summary>
/// Takes the place of a device's launches: every kernel, or every pass of the host, is carried out instruction by instruction, and its threads take
/// turns at each access to memory that others see, as a schedule drawn from the seed has it. Plain loads may be stale (<see cref="PlayedMemory"/>).
/// What it executes is what the C# compiler made of the product's own kernels and passes; nothing is written twice.
/// </summary>
internal sealed class Player : IPassRunner
{
    private readonly Random _random;
    private readonly Schedule _schedule;
    private readonly long _stepsPerThread;

    /// <summary>A play.</summary>
    /// <param name="seed">Draws the schedule and what stale loads see.</param>
    /// <param name="host">Passes of the host, rather than kernels of a device.</param>
    /// <param name="recordConflicts">Whether to look for conflicts.</param>
    /// <param name="stepsPerThread">Steps of a launch, per thread, after which it counts as hanging.</param>
    public Player(int seed, bool host, bool recordConflicts = false, long stepsPerThread = 3000)
    {
        (Seed, _stepsPerThread) = (seed, stepsPerThread);
        _random = new Random(seed);
        _schedule = Schedule.Draw(_random);
        Memory = new PlayedMemory(_random, host, (Staleness)_random.Next(host ? 3 : 4), recordConflicts);
    }

    /// <summary>What draws the play.</summary>
    public int Seed { get; }

    /// <summary>Memory that the threads share.</summary>
    public PlayedMemory Memory { get; }

    /// <summary>Steps of all launches.</summary>
    public long Steps { get; private set; }

    /// <summary>Names of the kernels and passes that were launched.</summary>
    public HashSet<string> Launched { get; } = [];

    /// <summary>A method as tables name it: a local function or lambda bears the name of the method around it.</summary>
    public static string NameOf(MethodBase method)
    {
        var type = method.DeclaringType!;
        while (type.Name.StartsWith('<') && type.DeclaringType is { } outer)
            type = outer;
        var name = method.Name;
        if (name.StartsWith('<'))
            name = name[1..name.IndexOf('>', StringComparison.Ordinal)];
        var holder = type.IsNested && typeof(IParallelBody).IsAssignableFrom(type) ? $"{type.DeclaringType!.Name.Split('`')[0]}." : "";
        return holder.Length > 0 && name == nameof(IParallelBody.Execute) ? holder + type.Name.Split('`')[0] : $"{type.Name.Split('`')[0]}.{name}";
    }

    /// <summary>Plays a kernel.</summary>
    /// <param name="kernel">Its method.</param>
    /// <param name="arguments">Its extent, or groups and their size, then what it takes.</param>
    public void Launch(MethodInfo kernel, object[] arguments)
    {
        var parameters = kernel.GetParameters();
        var isGrouped = arguments[0] is KernelConfig;
        var first = isGrouped ? 0 : 1;
        var given = arguments[1..].Select((argument, i) => Value.From(argument, parameters[first + i].ParameterType)).ToArray();
        var (groups, size) = arguments[0] switch
        {
            KernelConfig config => (config.GridDim.X, config.GroupDim.X),
            Index1D extent => (extent.X, 1),
            int extent => (extent, 1),
            _ => throw new NotSupportedException($"A launch over {arguments[0]} is not played."),
        };
        Play(NameOf(kernel), groups, size, number => [(kernel, isGrouped
            ? Array.ConvertAll(given, v => v.Copy())
            : [Value.Of([Value.Of(number)]), .. given.Select(v => v.Copy())])]);
    }

    /// <inheritdoc/>
    public void Run<TBody>(int count, int workers, int piece, TBody body) where TBody : struct, IParallelBody
    {
        var execute = typeof(TBody).GetMethod(nameof(IParallelBody.Execute))!;
        var active = Math.Clamp(piece > 0 ? count / piece : count, 1, workers);
        var value = Value.From(body, typeof(TBody));
        var shares = Enumerable.Range(0, active).Select(_ => new List<(int From, int Until)>()).ToArray();
        for (var w = 0; w < active; w++)
        {
            var (from, until) = ((int)((long)count * w / active), (int)((long)count * (w + 1) / active));
            if (piece == 0)
                shares[w].Add((from, until));
            // Pieces go to whom the schedule likes: the real pool promises no more.
            for (var at = from; piece > 0 && at < until; at += piece)
                shares[_random.Next(active)].Add((at, Math.Min(at + piece, until)));
        }

        var name = body.GetType().IsNested && body.GetType().Name == "Loop" ? NameOf(LoopOf(body).Method) : NameOf(execute);
        Play(name, active, 1, worker => [.. shares[worker].Select(share => ((MethodBase)execute, new[]
        {
            Value.ReferenceTo(new[] { value.Copy() }), Value.Of(share.From), Value.Of(share.Until), Value.Of(worker),
        }))]);
    }

    /// <summary>Plays a pass that is given as a delegate: from, until, worker.</summary>
    public void Run(int count, int workers, Action<int, int, int> pass) => Run(count, workers, 0, new Pass(pass));

    private void Play(string name, int groups, int size, Func<int, (MethodBase Method, Value[] Arguments)[]> calls)
    {
        Launched.Add(name);
        if (groups == 0)
            return;
        Memory.Launch = name;
        using var launch = new PlayedLaunch(Memory, groups, size, _random);
        var number = 0;
        for (var group = 0; group < groups; group++)
        {
            for (var lane = 0; lane < size; lane++)
            {
                if (calls(group * size + lane) is { Length: > 0 } work)
                    launch.Add(new PlayedThread(launch, number++, group, lane, work));
            }
        }

        try
        {
            Steps += launch.Run(_schedule, _stepsPerThread * (number + 10));
            if (ArguedConflicts.Faults(Memory.Conflicts).FirstOrDefault() is { } fault)
                throw new PlayFault($"a conflict that nobody argues for: {fault.First}, {fault.Second}");
        }
        catch (PlayFault wrong)
        {
            throw new PlayFault($"{name}, seed {Seed}: {wrong.Message}");
        }
        finally
        {
            Memory.EndLaunch();
        }
    }

    private static Delegate LoopOf(object body) => (Delegate)Layout.Fields(body.GetType())[0].GetValue(body)!;

    private readonly struct Pass(Action<int, int, int> pass) : IParallelBody
    {
        public void Execute(int from, int until, int worker) => pass(from, until, worker);
    }
}
