package city

// fictionalAuthority is a local authority number that no authority has; every UPN of the city names it.
const fictionalAuthority = "998"
