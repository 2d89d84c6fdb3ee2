using Spoco.Engine;

namespace Spoco.Cli.Files.Hdf5;

/// <summary>
/// An HDF5 file that is open for reading. Written here because a file may be damaged or made to harm: every length is compared with what the file has
/// before memory is taken for it, and links lead nowhere but into the file's own folder.
/// </summary>
internal sealed class Hdf5Reader : IDisposable
{
    private const int MaxHops = 32;
    private const int MaxNames = 20;
    private const int MaxDepth = 6;

    private readonly List<Hdf5Bytes> _files = [];

    private readonly record struct Place(Hdf5Bytes File, Hdf5Header Header);

    public Hdf5Reader(string path) => _files.Add(Hdf5Bytes.Open(path));

    private Hdf5Bytes File => _files[0];

    /// <summary>The attributes of the file itself.</summary>
    public Hdf5Attributes Attributes => new(File, Hdf5Header.Read(File, File.Root));

    /// <summary>Names of all that lies at the top of the file.</summary>
    public IEnumerable<string> Names => Hdf5Group.Links(File, Hdf5Header.Read(File, File.Root)).Select(link => link.Name);

    /// <summary>Whether there is a dataset of this name.</summary>
    public bool Has(string name) => Find(name) is { } place && IsDataset(place.Header);

    /// <summary>The dataset of a name, which may lead through groups.</summary>
    /// <exception cref="InputException">There is none; the message names those there are.</exception>
    public Hdf5Dataset Require(string name)
    {
        if (Find(name) is { } place && IsDataset(place.Header))
            return new Hdf5Dataset(place.File, File.Path, name, place.Header);
        var names = new List<string>();
        ListDatasets(Hdf5Header.Read(File, File.Root), "", names);
        throw new InputException($"{File.Path}: no dataset '{Terminal.Name(name)}'; the file has {(names.Count == 0 ? "none" : string.Join(", ", names))}.");
    }

    public void Dispose()
    {
        foreach (var file in _files)
            file.Dispose();
    }

    private static bool IsDataset(Hdf5Header header) =>
        header.Has(Hdf5MessageKind.Dataspace) && header.Has(Hdf5MessageKind.DataType) && header.Has(Hdf5MessageKind.Layout);

    private Place? Find(string name)
    {
        var here = new Place(File, Hdf5Header.Read(File, File.Root));
        var parts = new Stack<string>();
        Push(parts, name);
        if (parts.Count == 0)
            return null;
        var hops = 0;
        while (parts.TryPop(out var part))
        {
            if (!Hdf5Group.IsGroup(here.Header)
                || Hdf5Group.Links(here.File, here.Header).Find(link => link.Name == part) is not { Name: not null } link)
                return null;
            if (link.Target is null)
            {
                here = here with { Header = Hdf5Header.Read(here.File, link.Address) };
                continue;
            }
            if (++hops > MaxHops)
                throw new InputException($"{File.Path}: '{Terminal.Name(name)}' is a link that leads in a circle.");
            if (link.File is not null)
                here = OpenNeighbour(here.File, link.File);
            else if (link.Target.StartsWith('/'))
                here = here with { Header = Hdf5Header.Read(here.File, here.File.Root) };
            Push(parts, link.Target);
        }
        return here;
    }

    private static void Push(Stack<string> parts, string name)
    {
        foreach (var part in name.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse())
            if (part != ".")
                parts.Push(part);
    }

    private Place OpenNeighbour(Hdf5Bytes from, string name)
    {
        var path = Hdf5Neighbour.Find(from.Path, name);
        var file = _files.Find(open => open.Path == path);
        if (file is null)
            _files.Add(file = Hdf5Bytes.Open(path));
        return new Place(file, Hdf5Header.Read(file, file.Root));
    }

    /// <summary>Names of at most 20 datasets, to a depth that ends even where groups contain each other.</summary>
    private void ListDatasets(Hdf5Header group, string prefix, List<string> names)
    {
        foreach (var link in Hdf5Group.Links(File, group))
        {
            if (names.Count >= MaxNames)
                return;
            if (link.Target is not null)
                continue;
            var child = Hdf5Header.Read(File, link.Address);
            if (IsDataset(child))
                names.Add(prefix + Terminal.Name(link.Name));
            else if (Hdf5Group.IsGroup(child) && prefix.Count(letter => letter == '/') < MaxDepth)
                ListDatasets(child, $"{prefix}{Terminal.Name(link.Name)}/", names);
        }
    }
}
