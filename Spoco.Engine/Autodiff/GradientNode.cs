namespace Spoco.Engine;

/// <summary>
/// A recorded operation: what it was applied to, what it saved, and how a gradient passes back through it. Each operation derives its own,
/// next to its forward function. <see cref="Backward"/> is written with operations, so that the gradient can itself be differentiated.
/// </summary>
public abstract class GradientNode
{
    private static long _count;

    private List<Tensor>? _saved;

    /// <summary>Describes an operation to be recorded.</summary>
    /// <param name="inputs">The tensors it was applied to; null for an absent optional one.</param>
    protected GradientNode(params ReadOnlySpan<Tensor?> inputs) => Inputs = inputs.ToArray();

    internal Tensor?[] Inputs { get; }

    /// <summary>Grows with every recorded operation, so that descending order is a topological one.</summary>
    internal long Sequence { get; } = Interlocked.Increment(ref _count);

    internal bool IsReleased { get; private set; }

    /// <summary>Per input where its gradient may be written, see <see cref="Place"/>; null while gradients are not summed up in leaves.</summary>
    internal Tensor?[]? Places { get; set; }

    /// <summary>
    /// Computes the gradient with respect to every input that <see cref="Needs"/> one.
    /// </summary>
    /// <param name="gradient">Gradient with respect to the output, in the output's shape.</param>
    /// <param name="inputGradients">
    /// To be filled: one entry per input, null where none is needed. Entries may be <paramref name="gradient"/> itself. An entry that is not null on entry is
    /// what other operations have contributed: an operation may add to it and leave it there, or replace it by its own part alone.
    /// </param>
    protected internal abstract void Backward(Tensor gradient, Span<Tensor?> inputGradients);

    /// <summary>Whether a gradient with respect to input <paramref name="index"/> is wanted.</summary>
    protected bool Needs(int index) => Inputs[index] is { RequiresGradient: true };

    /// <summary>
    /// The memory that the gradient of input <paramref name="index"/> is to end in, where nothing has been added to it yet: a parameter's gradient at its first
    /// use. An operation may overwrite it and return it, which saves a temporary and an addition; null = there is none.
    /// </summary>
    protected Tensor? Place(int index) => Places?[index];

    /// <summary>Holds the memory of <paramref name="tensor"/> until <see cref="Backward"/> has run.</summary>
    /// <returns>The same tensor.</returns>
    protected Tensor Save(Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        tensor.Retain();
        (_saved ??= new List<Tensor>(2)).Add(tensor);
        return tensor;
    }

    /// <summary>Lets go of what was saved beside tensors, once; for nodes that hold other pooled memory.</summary>
    protected virtual void ReleaseMemory()
    {
    }

    internal void ReleaseSaved()
    {
        if (IsReleased)
            return;
        IsReleased = true;
        if (_saved is not null)
        {
            foreach (var tensor in _saved)
                tensor.Release();
            _saved = null;
        }

        ReleaseMemory();
    }
}
