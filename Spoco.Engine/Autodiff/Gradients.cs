using System.Runtime.InteropServices;
using Spoco.Kernels;
using Primitives = Spoco.Kernels.Primitives;

namespace Spoco.Engine;

/// <summary>Reverse-mode differentiation of recorded operations.</summary>
public static class Gradients
{
    [ThreadStatic] private static int _paused;

    /// <summary>Whether operations on this thread are recorded now.</summary>
    public static bool IsRecording => _paused == 0;

    /// <summary>Records nothing until the result is disposed: for prediction, and for values that are not to be differentiated.</summary>
    public static Pause NoRecording() => new();

    /// <summary>Whether an operation on these inputs has to be recorded.</summary>
    public static bool Needed(params ReadOnlySpan<Tensor?> inputs)
    {
        if (!IsRecording)
            return false;
        foreach (var input in inputs)
        {
            if (input is { RequiresGradient: true })
                return true;
        }

        return false;
    }

    /// <summary>Enters an operation into the graph; call it only where <see cref="Needed"/> says so.</summary>
    /// <returns><paramref name="output"/>.</returns>
    public static Tensor Record(Tensor output, GradientNode node)
    {
        ArgumentNullException.ThrowIfNull(output);
        output.SetNode(node);
        TensorScope.Register(node);
        return output;
    }

    /// <summary>
    /// Adds dL/dx to the <see cref="Tensor.Gradient"/> of every leaf x that <paramref name="output"/> was computed from, and releases
    /// what each operation saved as soon as its gradient is known.
    /// </summary>
    /// <param name="output">L, or an intermediate result when <paramref name="gradient"/> is given.</param>
    /// <param name="gradient">dL/d<paramref name="output"/>; null = ones.</param>
    public static void Backward(Tensor output, Tensor? gradient = null)
    {
        using var pause = NoRecording();
        Propagate(output, gradient, keepGraph: false, addInPlace: true, AccumulateLeaf);
    }

    /// <summary>
    /// The gradients of <paramref name="output"/> with respect to <paramref name="inputs"/>, each of which <paramref name="output"/> was computed from.
    /// </summary>
    /// <param name="output">What is differentiated.</param>
    /// <param name="inputs">Leaves, or results of operations.</param>
    /// <param name="gradient">Weights of the elements of <paramref name="output"/>; null = ones.</param>
    /// <param name="createGraph">Record the computation of the gradients, so that they can be differentiated again.</param>
    /// <exception cref="ArgumentException">The output does not depend on an input.</exception>
    public static Tensor[] Of(Tensor output, ReadOnlySpan<Tensor> inputs, Tensor? gradient = null, bool createGraph = false)
    {
        var wanted = inputs.ToArray();
        var sums = new Tensor?[wanted.Length];
        try
        {
            using (createGraph ? null : NoRecording())
            {
                Propagate(output, gradient, keepGraph: createGraph, addInPlace: false, (input, partial) =>
                {
                    var index = Array.IndexOf(wanted, input);
                    if (index < 0)
                        return;
                    var sum = sums[index] is { } earlier ? Ops.Elementwise.Add(earlier, partial) : partial;
                    sum.Retain();
                    sums[index]?.Release();
                    sums[index] = sum;
                });
            }

            if (Array.FindIndex(sums, sum => sum is null) is >= 0 and var absent)
                throw new ArgumentException($"Gradients: the output {output} does not depend on input {absent} ({wanted[absent]}).");

            // Without a graph the tensors' own scope is over: views of them belong to the caller's scope.
            return Array.ConvertAll(sums, sum => createGraph ? sum! : sum!.View(sum.Shape));
        }
        finally
        {
            foreach (var sum in sums)
                sum?.Release();
        }
    }

    private static void AccumulateLeaf(Tensor input, Tensor partial)
    {
        if (input.Node is not null || !input.RequiresGradient)
            return;
        if (input.Gradient is { } sum)
        {
            input.GradientIsZero = false;
            Primitives.Elementwise.AddInto(sum.Buffer, partial.Buffer);
            return;
        }

        // The leaf outlives the scopes of this pass: a copy that belongs to nobody's scope but the leaf.
        var memory = input.Device.Allocate<float>(partial.Shape.Count, "gradient");
        partial.Buffer.CopyTo(memory);
        input.Gradient = Tensor.Adopt(memory, partial.Shape);
    }

    /// <summary>
    /// Visits the recorded operations from the output backwards; <paramref name="visit"/> sees every gradient that reaches an input, save those of
    /// intermediate results that were added in place.
    /// </summary>
    private static void Propagate(Tensor output, Tensor? gradient, bool keepGraph, bool addInPlace, Action<Tensor, Tensor> visit)
    {
        ArgumentNullException.ThrowIfNull(output);
        if (output.Node is null)
            throw new ArgumentException($"Gradients: {output} was not computed from anything that requires a gradient, or not recorded.");
        if (gradient is not null && gradient.Shape != output.Shape)
            throw new ArgumentException($"Gradients: a gradient of shape {gradient.Shape} does not fit an output of shape {output.Shape}.");

        using var scope = keepGraph ? null : new TensorScope();
        var start = gradient ?? Tensor.Filled(output.Device, output.Shape, 1);
        start.Retain();
        var pending = new Dictionary<GradientNode, Tensor> { [output.Node] = start };
        var queue = new PriorityQueue<GradientNode, long>();
        queue.Enqueue(output.Node, -output.Node.Sequence);
        var partials = new List<Tensor?>(4);
        try
        {
            while (queue.TryDequeue(out var node, out _))
            {
                if (node.IsReleased)
                    throw new InvalidOperationException("Gradients: this part of the graph was already differentiated and released; "
                        + "differentiate it once, or with createGraph.");
                using (keepGraph ? null : new TensorScope())
                    Pass(node);
                pending.Remove(node, out var arrived);
                arrived!.Release();
                if (!keepGraph)
                    node.ReleaseSaved();
            }
        }
        finally
        {
            // Of a pass that failed.
            foreach (var sum in pending.Values)
                sum.Release();
        }

        void Pass(GradientNode node)
        {
            partials.Clear();
            foreach (var input in node.Inputs)
                partials.Add(addInPlace ? SumSoFar(input) : null);
            node.Places = addInPlace ? UnusedSums(node.Inputs) : null;
            node.Backward(pending[node], CollectionsMarshal.AsSpan(partials));
            for (var i = 0; i < partials.Count; i++)
            {
                if (node.Inputs[i] is not { RequiresGradient: true } input || partials[i] is not { } partial || partial == SumSoFar(input))
                    continue;
                if (node.Places?[i] == partial)
                {
                    input.GradientIsZero = false;
                    continue;
                }

                if (partial.Shape != input.Shape)
                    throw new InvalidOperationException($"{node.GetType().Name}: gradient {partial.Shape} for an input {input.Shape}.");
                visit(input, partial);
                if (input.Node is { } producer)
                    Arrive(producer, partial);
            }
        }

        void Arrive(GradientNode producer, Tensor partial)
        {
            if (!pending.TryGetValue(producer, out var sum))
            {
                partial.Retain();
                pending[producer] = partial;
                queue.Enqueue(producer, -producer.Sequence);
            }
            else if (!keepGraph && sum.IsExclusive)
            {
                Primitives.Elementwise.AddInto(sum.Buffer, partial.Buffer);
            }
            else
            {
                var total = Ops.Elementwise.Add(sum, partial);
                total.Retain();
                sum.Release();
                pending[producer] = total;
            }
        }

        // What has reached an intermediate result and may be added to.
        Tensor? SumSoFar(Tensor? input) =>
            input?.Node is { } producer && pending.TryGetValue(producer, out var sum) && sum.IsExclusive ? sum : null;
    }

    /// <summary>The gradients of leaves that nothing has been added to; of one that is there twice, for its first place; null where there are none.</summary>
    private static Tensor?[]? UnusedSums(Tensor?[] inputs)
    {
        Tensor?[]? places = null;
        for (var i = 0; i < inputs.Length; i++)
        {
            if (inputs[i] is { GradientIsZero: true, Node: null, RequiresGradient: true } leaf && Array.IndexOf(inputs, leaf) == i)
                (places ??= new Tensor?[inputs.Length])[i] = leaf.Gradient;
        }

        return places;
    }

    /// <summary>A pause in recording, until it is disposed.</summary>
    public sealed class Pause : IDisposable
    {
        private readonly int _thread = Environment.CurrentManagedThreadId;
        private bool _ended;

        internal Pause() => _paused++;

        /// <summary>Records again, unless another pause of this thread is still open; a second time it does nothing.</summary>
        /// <exception cref="InvalidOperationException">Called on another thread than the one that pauses.</exception>
        public void Dispose()
        {
            if (_ended)
                return;
            if (_thread != Environment.CurrentManagedThreadId)
                throw new InvalidOperationException("Gradients: a pause ends on the thread that began it.");
            _ended = true;
            _paused--;
        }
    }
}
