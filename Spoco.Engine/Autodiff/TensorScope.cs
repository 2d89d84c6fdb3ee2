namespace Spoco.Engine;

/// <summary>
/// Owns the tensors made on this thread while it is the innermost scope, and returns them to their pools when it ends.
/// <code>
/// using var scope = new TensorScope();
/// var y = Activation.Relu(Convolution.Apply(x, weight));
/// return scope.Keep(y);          // y now belongs to the surrounding scope, or to the caller where there is none
/// </code>
/// What a recorded operation saved for its gradient outlives the scope as long as something kept may still need it:
/// it is released when its gradient has been computed, or with the scope that keeps nothing.
/// </summary>
public sealed class TensorScope : IDisposable
{
    [ThreadStatic] private static TensorScope? _innermost;

    private readonly TensorScope? _outer = _innermost;
    private readonly List<Tensor> _tensors = [];
    private List<GradientNode>? _nodes;
    private bool _keepsGraph;
    private bool _disposed;

    /// <summary>Begins a scope inside the innermost one of this thread.</summary>
    public TensorScope() => _innermost = this;

    /// <summary>Hands a tensor to the surrounding scope, or to the caller where there is none.</summary>
    /// <returns>The same tensor.</returns>
    public Tensor Keep(Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        _keepsGraph |= tensor.Node is not null;
        if (tensor.Scope != this)
            return tensor;
        tensor.Scope = _outer;
        _outer?._tensors.Add(tensor);
        return tensor;
    }

    /// <summary>Releases every tensor that was not kept.</summary>
    /// <exception cref="InvalidOperationException">A scope inside this one is still open.</exception>
    public void Dispose()
    {
        if (_disposed)
            return;
        if (_innermost != this)
            throw new InvalidOperationException("TensorScope: scopes end in the reverse order of their beginning, on the thread that began them.");
        _disposed = true;
        _innermost = _outer;
        foreach (var tensor in _tensors)
        {
            if (tensor.Scope == this)
            {
                tensor.Scope = null;
                tensor.Release();
            }
        }

        foreach (var node in _nodes ?? [])
        {
            if (!_keepsGraph)
                node.ReleaseSaved();
            else if (!node.IsReleased)
                _outer?.Add(node);
        }
    }

    internal static void Register(Tensor tensor)
    {
        tensor.Scope = _innermost;
        _innermost?._tensors.Add(tensor);
    }

    internal static void Register(GradientNode node) => _innermost?.Add(node);

    private void Add(GradientNode node) => (_nodes ??= []).Add(node);
}
