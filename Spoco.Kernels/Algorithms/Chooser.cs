namespace Spoco.Kernels;

/// <summary>Chooses among the algorithms of an operation: the one that is forced, else the first one that runs and pays.</summary>
/// <typeparam name="TAlgorithm">The operation's contract.</typeparam>
/// <typeparam name="TShape">What the choice depends on beside the device.</typeparam>
/// <param name="operation">Name of the operation.</param>
/// <param name="algorithms">The algorithms, the better one first where several run.</param>
internal sealed class Chooser<TAlgorithm, TShape>(string operation, params TAlgorithm[] algorithms) : IChooser
    where TAlgorithm : class, IAlgorithm<TShape>
{
    /// <inheritdoc/>
    public string Operation => operation;

    /// <inheritdoc/>
    public IEnumerable<string> Names => algorithms.Select(a => a.Name);

    /// <summary>The algorithm to compute this geometry by on this device.</summary>
    /// <exception cref="DeviceException">The one that is forced does not run here, or none does.</exception>
    public TAlgorithm For(ComputeDevice device, in TShape shape)
    {
        var forced = device.Algorithms.Forced(operation);
        foreach (var algorithm in algorithms)
        {
            if ((forced is null ? algorithm.Pays(device.Capabilities, shape) : algorithm.Name == forced) && algorithm.Runs(device.Capabilities, shape))
            {
                device.Algorithms.Note(operation, shape, algorithm.Name);
                return algorithm;
            }
        }

        throw new DeviceException(forced is null
            ? $"{operation}: device {device.Name} has no algorithm for {shape}."
            : $"{operation}: algorithm '{forced}' does not run on device {device.Name} for {shape}.");
    }

    /// <summary>All algorithms that compute this geometry on this device.</summary>
    public IEnumerable<TAlgorithm> Running(ComputeDevice device, TShape shape) => algorithms.Where(a => a.Runs(device.Capabilities, shape));
}

/// <summary>A chooser as its names.</summary>
internal interface IChooser
{
    /// <summary>The operation.</summary>
    string Operation { get; }

    /// <summary>Its algorithms.</summary>
    IEnumerable<string> Names { get; }
}
